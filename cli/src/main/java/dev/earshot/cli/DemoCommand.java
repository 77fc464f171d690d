package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Redaction;
import dev.earshot.process.Containment;
import dev.earshot.process.LaunchState;
import dev.earshot.process.Redirect;
import dev.earshot.process.Stdio;
import dev.earshot.process.StopPolicy;
import dev.earshot.process.TerminalUse;
import dev.earshot.proxy.UpstreamProxies;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.session.AfterEnd;
import dev.earshot.session.Cancellation;
import dev.earshot.session.ClientRuntime;
import dev.earshot.session.EventLog;
import dev.earshot.session.Session;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionPlan;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import dev.earshot.session.StopCause;
import dev.earshot.session.Subscription;
import dev.earshot.session.TrafficPlan;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code earshot demo}: a real session of a real command, against a server on this machine. */
final class DemoCommand {
  /** The demo ends by itself within 10 s, whatever happens. */
  private static final Duration LONGEST = Duration.ofSeconds(8);

  private static final Duration SHORT = Duration.ofSeconds(1);

  private final PrintStream out;
  private final PrintStream err;

  DemoCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  static CommandSpec spec() {
    var spec = CommandSpec.create().name("demo");
    spec.usageMessage()
        .description(
            "Runs a small program against a small server on this machine, and shows its calls as"
                + " they happen. Needs no network; ends by itself within 10 s.")
        .customSynopsis("earshot demo");
    spec.addOption(RunCommandLine.flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    return spec;
  }

  Leave run(Launch launch) throws UserError {
    var serverAuthority = CertificateAuthority.inMemory(Clock.systemUTC());
    try (var origin = DemoOrigin.start(serverAuthority.serverContext("localhost"))) {
      var log = new EventLog();
      try (var shown = log.subscribe();
          var written =
              EventStream.start(log.subscribe(), json(), OutputStream.nullOutputStream());
          var signals = new OwnSignalHandlers(launch.state().ignored());
          var session =
              Session.start(plan(launch, origin, serverAuthority), log, Cancellation.root())) {
        RunCommand.stopOnSignals(signals, session, () -> {});
        out.println(
            "A program calls a server on this machine; every call, decrypted, as it ends:\n");
        out.flush();
        show(shown);
        written.finish(SHORT);
        return sum(session.await());
      }
    } catch (IOException e) {
      throw UserError.of(UserError.FAILURE, "demo: cannot start its server: " + e.getMessage());
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the main thread", e);
    }
  }

  private void show(Subscription events) throws InterruptedException {
    var screen = new DemoScreen();
    for (Optional<Stamped> next = events.take(); next.isPresent(); next = events.take()) {
      screen.lines(next.get().event()).forEach(out::println);
      out.flush();
    }
  }

  private Leave sum(SessionResult result) {
    if (result.cause().signal().isPresent()) {
      return new Leave.BySignal(result.cause().signal().get());
    }
    boolean well = result.cause().equals(StopCause.PROCESS_EXITED) && result.exitCode() == 0;
    if (well) {
      out.println("\nThe program is gone, the proxy is closed, nothing is left. Now your own:");
      out.println("  earshot run -- COMMAND                       one line at the end");
      out.println("  earshot run --events calls.ndjson -- COMMAND   every call, as JSON");
    } else {
      List<String> program = List.of("the demo's program");
      err.println(
          "earshot: demo: "
              + Printable.line(
                  Summary.failure(result, program)
                      .orElseGet(() -> Summary.line(result, program, LONGEST))));
    }
    return new Leave.WithCode(well ? 0 : UserError.FAILURE);
  }

  private static SessionPlan plan(
      Launch launch, DemoOrigin origin, CertificateAuthority serverAuthority) throws UserError {
    var stderr = new Redirect.Inherit(2);
    var command =
        new dev.earshot.process.CommandSpec(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                programFile(),
                DemoClient.class.getName(),
                origin.plainUrl(),
                origin.secureUrl()),
            launch.environment(),
            Optional.empty(),
            new Stdio(new Redirect.Null(), stderr, stderr),
            LaunchState.plain(),
            TerminalUse.NONE,
            ISO_8859_1,
            Optional.empty());
    return new SessionPlan(
        command,
        new StopPolicy(dev.earshot.process.Signal.TERM, SHORT, SHORT),
        TrafficPlan.of(UpstreamProxies.NONE, () -> List.of(serverAuthority.certificate())),
        // Its program is told by HTTP_PROXY; a JVM that is told by its own variable says so on
        // stderr.
        new SessionPlan.Injection(Set.of(ClientRuntime.JAVA), new LinkedHashMap<>()),
        SessionFolders.of(launch.environmentText()),
        Optional.of(LONGEST),
        AfterEnd.END_SESSION,
        new SessionPlan.Ownership(Containment.Orphans.ALL, List.of(), List.of(), true));
  }

  private static String programFile() throws UserError {
    try {
      Path file =
          Path.of(DemoCommand.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return new String(file.toString().getBytes(UTF_8), ISO_8859_1);
    } catch (URISyntaxException e) {
      throw UserError.of(UserError.FAILURE, "demo: cannot find its own program: " + e.getMessage());
    }
  }

  private static EventJson json() {
    return new EventJson(Redaction.CREDENTIALS);
  }
}
