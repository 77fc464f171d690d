package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.Containment;
import dev.earshot.process.Redirect;
import dev.earshot.process.Stdio;
import dev.earshot.process.StopPolicy;
import dev.earshot.process.TerminalUse;
import dev.earshot.proxy.HostPattern;
import dev.earshot.proxy.UpstreamProxies;
import dev.earshot.proxy.tls.KeyLog;
import dev.earshot.session.AfterEnd;
import dev.earshot.session.ClientCertificate;
import dev.earshot.session.ClientCertificateException;
import dev.earshot.session.ClientRuntime;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionPlan;
import dev.earshot.session.TrafficPlan;
import dev.earshot.session.UpstreamAnchors;
import dev.earshot.session.UpstreamCaException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a run is, made of what it was asked for: reads the files that the options name. */
final class Plans {
  /** After a KILL, what is not gone within this time is named as a survivor. */
  private static final Duration KILL_WAIT = Duration.ofSeconds(2);

  private static final int STDIN = 0;
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  private Plans() {}

  static SessionPlan of(RunOptions options, Launch launch) throws UserError {
    boolean eventsOnStdout =
        options.events().filter(new EventTarget.Descriptor(STDOUT)::equals).isPresent();
    var stdio =
        new Stdio(
            stream(launch, STDIN),
            stream(launch, eventsOnStdout ? STDERR : STDOUT),
            stream(launch, STDERR));
    var command =
        new CommandSpec(
            options.command(),
            launch.environment(),
            options.directory(),
            stdio,
            RunCommand.inherited(options, launch.state()),
            TerminalUse.HAND_OVER,
            ISO_8859_1,
            options.pty() ? Optional.of(PtyRelay.size()) : Optional.empty());
    return new SessionPlan(
        command,
        new StopPolicy(options.stopSignal(), options.grace(), KILL_WAIT),
        traffic(options, launch),
        new SessionPlan.Injection(leftOut(options.noInject()), options.environment()),
        SessionFolders.of(launch.environmentText()),
        options.timeout(),
        AfterEnd.END_SESSION,
        // This program starts nothing but through the session.
        new SessionPlan.Ownership(Containment.Orphans.ALL, options.keep(), List.of(), true));
  }

  private static Redirect stream(Launch launch, int descriptor) {
    return launch.closed().contains(descriptor)
        ? new Redirect.Closed()
        : new Redirect.Inherit(descriptor);
  }

  private static TrafficPlan traffic(RunOptions options, Launch launch) throws UserError {
    return new TrafficPlan(
        new InetSocketAddress(options.bind(), options.port()),
        options.proxyAuth(),
        options.reverse(),
        options.intercept(),
        patterns("--passthrough", options.passthrough()),
        proxies(options, launch.environmentText()),
        anchors(options, launch),
        patterns("--insecure", options.insecure()),
        clientCertificates(options.clientCerts()),
        options.connectTimeout(),
        options.idleTimeout(),
        options.drain(),
        keyLog(options));
  }

  /** Created or emptied here already, so that what is wrong is told before anything starts. */
  private static Optional<Path> keyLog(RunOptions options) throws UserError {
    if (options.keyLog().isEmpty()) {
      return Optional.empty();
    }
    if (!KeyLog.isSupported()) {
      throw UserError.noKeyLog();
    }
    Path file = EventTarget.emptyFile("--keylog", options.keyLog().get());
    return Optional.of(file.toAbsolutePath());
  }

  private static UpstreamProxies proxies(RunOptions options, Map<String, String> environment)
      throws UserError {
    String noProxy = environment.getOrDefault("no_proxy", environment.getOrDefault("NO_PROXY", ""));
    UpstreamProxies.Parsed parsed =
        options.upstreamProxy().isPresent()
            ? UpstreamProxies.explicit(options.upstreamProxy().get(), noProxy)
            : UpstreamProxies.fromEnvironment(environment);
    return switch (parsed) {
      case UpstreamProxies.Parsed.Usable(var usable) -> usable;
      case UpstreamProxies.Parsed.Unusable(var why) -> throw UserError.usage(why);
    };
  }

  private static List<HostPattern> patterns(String option, List<String> texts) throws UserError {
    List<HostPattern> patterns = new ArrayList<>();
    for (String text : texts) {
      try {
        patterns.add(HostPattern.of(text));
      } catch (IllegalArgumentException e) {
        throw UserError.usage(
            "%s: %s; it wants hosts such as api.example.com or *.internal:8443"
                .formatted(option, e.getMessage()));
      }
    }
    return patterns;
  }

  private static List<ClientCertificate> clientCertificates(List<String> pairs) throws UserError {
    List<ClientCertificate> certificates = new ArrayList<>();
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      if (equals <= 0 || equals == pair.length() - 1) {
        throw UserError.badValue(
            "--client-cert", pair, "HOST=FILE such as api.example.com=client.pem");
      }
      HostPattern hosts = patterns("--client-cert", List.of(pair.substring(0, equals))).getFirst();
      try {
        certificates.add(ClientCertificate.read(hosts, Path.of(pair.substring(equals + 1))));
      } catch (ClientCertificateException e) {
        throw UserError.usage(String.valueOf(e.getMessage()));
      }
    }
    return certificates;
  }

  /** What is to be said before the run of keys that others can read, too. */
  static List<String> warnings(SessionPlan plan) {
    return plan.traffic().clientCertificates().stream()
        .filter(ClientCertificate::exposed)
        .map(each ->
            "warning: other users can read the private key in %s; try: chmod 600 %s"
                .formatted(each.file(), each.file()))
        .distinct()
        .toList();
  }

  private static UpstreamAnchors anchors(RunOptions options, Launch launch) throws UserError {
    List<Path> files = options.upstreamCas().stream().map(Path::of).toList();
    Path directory = Path.of(options.directory().map(Launch::text).orElse("")).toAbsolutePath();
    try {
      return UpstreamAnchors.of(launch.environment(), directory, files);
    } catch (UpstreamCaException e) {
      throw UserError.usage("--upstream-ca: " + e.getMessage());
    }
  }

  private static Set<ClientRuntime> leftOut(Set<String> names) throws UserError {
    if (names.contains("*")) {
      return EnumSet.allOf(ClientRuntime.class);
    }
    Set<ClientRuntime> runtimes = EnumSet.noneOf(ClientRuntime.class);
    for (String name : names) {
      runtimes.add(
          ClientRuntime.named(name)
              .orElseThrow(() ->
                  UserError.badValue(
                      "--no-inject",
                      name,
                      Arrays.stream(ClientRuntime.values())
                          .map(ClientRuntime::wireName)
                          .collect(Collectors.joining(", ")))));
    }
    return runtimes;
  }
}
