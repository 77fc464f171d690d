package dev.earshot.cli;

import dev.earshot.exchange.Redaction;
import dev.earshot.process.Descriptors;
import dev.earshot.process.LaunchState;
import dev.earshot.process.OwnSignals;
import dev.earshot.process.Signal;
import dev.earshot.session.Cancellation;
import dev.earshot.session.Capture;
import dev.earshot.session.EventLog;
import dev.earshot.session.PtyUser;
import dev.earshot.session.Session;
import dev.earshot.session.SessionPlan;
import dev.earshot.session.SessionResult;
import dev.earshot.session.StopCause;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/** {@code earshot run}, headless: wires a session to signals, the event stream and stderr. */
final class RunCommand {
  private static final int STDIN = 0;
  private static final int STDOUT = 1;

  /** At the end, writing the event stream takes at most this long. */
  private static final Duration FLUSH = Duration.ofSeconds(2);

  private static final long NOTICES_BOUND = 64 << 10;

  private final PrintStream err;

  RunCommand(PrintStream err) {
    this.err = err;
  }

  Leave run(RunOptions options, Launch launch) throws UserError {
    SessionPlan plan = Plans.of(options, launch);
    var log = new EventLog();
    var choice = RunCapture.choice(options, launch.environmentText());
    Capture capture = RunCapture.of(choice, options, plan.folders());
    if (options.events().isEmpty()) {
      return run(options, launch, plan, log, capture);
    }
    if (options.events().get() instanceof EventTarget.Descriptor(int number)
        && launch.closed().contains(number)) {
      throw UserError.descriptorClosed("--events", number);
    }
    var out = options.events().get().open("--events");
    var json = new EventJson(options.redact() ? Redaction.CREDENTIALS : Redaction.NONE);
    try (var stream = EventStream.start(log.subscribe(), json, out)) {
      Leave leave = run(options, launch, plan, log, capture);
      stream.finish(FLUSH).ifPresent(problem -> say(options, "warning: " + problem));
      return leave;
    }
  }

  private Leave run(
      RunOptions options, Launch launch, SessionPlan plan, EventLog log, Capture capture)
      throws UserError {
    if (!options.pty()) {
      return run(options, launch, plan, log, capture, Optional.empty());
    }
    try (var relay = PtyRelay.open(options, launch)) {
      return run(options, launch, plan, log, capture, Optional.of(relay));
    }
  }

  private Leave run(
      RunOptions options,
      Launch launch,
      SessionPlan plan,
      EventLog log,
      Capture capture,
      Optional<PtyRelay> relay) {
    long start = System.nanoTime();
    Nesting.notice(launch.environmentText(), plan.traffic().proxies())
        .ifPresent(line -> say(options, line));
    Plans.warnings(plan).forEach(line -> say(options, line));
    var following =
        Notices.follow(
            log.subscribe(NOTICES_BOUND, Notices::wants),
            () -> giveAway(options, launch),
            () -> relay.ifPresent(PtyRelay::stopWithTheCommand),
            () -> relay.ifPresent(PtyRelay::commandEnded));
    OwnSignals.ignore(Signal.QUIT);
    // The summary is written whoever has the terminal by then, also under "stty tostop".
    OwnSignals.ignore(Signal.TTOU);
    try (var signals = new OwnSignalHandlers(launch.state().ignored());
        var session = start(plan, log, capture, relay)) {
      stopOnSignals(signals, session, () -> relay.ifPresent(PtyRelay::giveUp));
      forwardSignals(signals, session, relay);
      SessionResult result = session.await();
      Optional<Signal> key = keyThatEnded(result, relay.filter(PtyRelay::hadKeyboard).isPresent());
      // Without us, the script around the command and its pipeline had got the key's signal, too.
      key.ifPresent(OwnSignals::passOn);
      List<String> command = options.command().stream().map(Launch::text).toList();
      following.lines().forEach(line -> say(options, line));
      Summary.bypassed(result).ifPresent(line -> say(options, line));
      relay.flatMap(PtyRelay::problem).ifPresent(line -> say(options, "warning: " + line));
      var failure = Summary.failure(result, command);
      if (failure.isPresent()) {
        err.println("earshot: " + Printable.line(failure.get()));
      } else {
        say(options, Summary.line(result, command, Duration.ofNanos(System.nanoTime() - start)));
      }
      return leave(result, key);
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the main thread", e);
    }
  }

  private static Session start(
      SessionPlan plan, EventLog log, Capture capture, Optional<PtyRelay> relay) {
    PtyUser ptyUser = relay.isPresent() ? relay.get() : PtyUser.NONE;
    return Session.start(plan, log, Cancellation.root(), ptyUser, capture);
  }

  /**
   * The first INT, TERM or HUP stops the session, the second kills what is left.
   *
   * @param onKill is called then, too
   */
  static void stopOnSignals(OwnSignalHandlers signals, Session session, Runnable onKill) {
    for (Signal end : List.of(Signal.INT, Signal.TERM, Signal.HUP)) {
      signals.on(
          end,
          signal -> {
            if (!session.stop(StopCause.signal(signal))) {
              session.killNow();
              onKill.run();
            }
          });
    }
  }

  private static void forwardSignals(
      OwnSignalHandlers signals, Session session, Optional<PtyRelay> relay) {
    for (Signal forwarded : List.of(Signal.USR1, Signal.USR2)) {
      signals.on(forwarded, session::signal);
    }
    if (relay.isEmpty()) {
      for (Signal forwarded : List.of(Signal.WINCH, Signal.TSTP, Signal.CONT)) {
        signals.on(forwarded, session::signal);
      }
      return;
    }
    signals.on(Signal.WINCH, _ -> relay.get().resize());
    signals.on(
        Signal.TSTP,
        _ -> {
          relay.get().leaveTerminal();
          // TSTP has no effect on it: no shell is there to continue it (setpgid(2), orphaned).
          session.signal(Signal.STOP);
        });
    signals.on(
        Signal.CONT,
        signal -> {
          relay.get().takeTerminal();
          session.signal(signal);
        });
  }

  /**
   * Once the command has its descriptors, ours are given up: the other end of a pipe must notice
   * when the command closes it, as it would without us.
   */
  private static void giveAway(RunOptions options, Launch launch) {
    OptionalInt kept = options.events().map(EventTarget::descriptor).orElse(OptionalInt.empty());
    for (int descriptor : List.of(STDIN, STDOUT)) {
      if (kept.isEmpty() || kept.getAsInt() != descriptor) {
        replaceByNull(descriptor);
      }
    }
    inherited(options, launch.state()).descriptors().forEach(Descriptors::close);
  }

  private static void replaceByNull(int descriptor) {
    try {
      Descriptors.replaceByNull(descriptor);
    } catch (IOException e) {
      // Then it stays open here, which costs the other end no more than a late end of file.
      Descriptors.close(descriptor);
    }
  }

  /** What the command inherits: all that the launcher had, less the event stream. */
  static LaunchState inherited(RunOptions options, LaunchState state) {
    var descriptors = new TreeSet<>(state.descriptors());
    options
        .events()
        .map(EventTarget::descriptor)
        .filter(OptionalInt::isPresent)
        .ifPresent(descriptor -> descriptors.remove(descriptor.getAsInt()));
    return new LaunchState(state.ignored(), state.blocked(), descriptors);
  }

  private static Leave leave(SessionResult result, Optional<Signal> key) {
    int code = result.exitCode();
    if (result.cause().signal().isPresent()) {
      Signal signal = result.cause().signal().get();
      return code == 128 + signal.number() ? new Leave.BySignal(signal) : new Leave.WithCode(code);
    }
    // Ctrl-C was the command's; that it died of it must stop the loops of a shell, too.
    return key.filter(signal -> signal == Signal.INT).isPresent()
        ? new Leave.BySignal(Signal.INT)
        : new Leave.WithCode(code);
  }

  /** The signal of a key, such as Ctrl-C, of which the command died while it had the terminal. */
  private static Optional<Signal> keyThatEnded(SessionResult result, boolean hadKeyboard) {
    return result
        .process()
        .filter(p -> hadKeyboard || p.hadTerminal())
        .filter(p -> !p.requested() && p.exitCode().isEmpty())
        .flatMap(p -> Signal.ofNumber(p.signal().orElse(0)))
        .filter(signal -> signal == Signal.INT || signal == Signal.QUIT);
  }

  private void say(RunOptions options, String line) {
    if (!options.quiet()) {
      err.println("earshot: " + Printable.line(line));
    }
  }
}
