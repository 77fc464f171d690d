package dev.earshot.session;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.Containment;
import dev.earshot.process.KeepPattern;
import dev.earshot.process.Stdio;
import dev.earshot.process.StopPolicy;
import dev.earshot.proxy.UpstreamProxies;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * All that a session is asked to do: immutable input.
 *
 * @param command the command with the user's environment, to which the session adds its variables;
 *     its text must be bytes, one a char (charset ISO 8859-1), as variables need not be text
 * @param stop how the command is stopped
 * @param traffic what the proxy does
 * @param injection which variables the session adds
 * @param folders where Earshot keeps things
 * @param timeout after which the session is stopped, counted for each run from its start to its
 *     command's end or to its restart
 * @param afterEnd what becomes of the session once the command has ended by itself
 * @param ownership how far the session owns what its command starts
 */
public record SessionPlan(
    CommandSpec command,
    StopPolicy stop,
    TrafficPlan traffic,
    Injection injection,
    SessionFolders folders,
    Optional<Duration> timeout,
    AfterEnd afterEnd,
    Ownership ownership) {

  public SessionPlan {
    if (!command.charset().equals(StandardCharsets.ISO_8859_1)) {
      throw new IllegalArgumentException("the command's text must be bytes, one a char");
    }
  }

  /**
   * Which variables are added to the command's environment.
   *
   * @param leftOut runtimes that get none
   * @param own variables of the user's, which win over those of the session
   */
  public record Injection(Set<ClientRuntime> leftOut, SequencedMap<String, String> own) {
    /** All variables of the session, and none of the user's. */
    public static final Injection ALL = new Injection(Set.of(), new LinkedHashMap<>());

    public Injection {
      leftOut = Set.copyOf(leftOut);
      own = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(own));
    }
  }

  /**
   * How far a session owns what its command starts.
   *
   * @param orphans which children of this process are the session's
   * @param keep processes that may outlive the session; the command itself never may
   * @param artefacts files that are written meanwhile and completed if this process is killed; see
   *     {@link Containment.Plan}
   * @param guardTerminal whether this process's terminal is put in order if it is killed
   */
  public record Ownership(
      Containment.Orphans orphans,
      List<KeepPattern> keep,
      List<Path> artefacts,
      boolean guardTerminal) {
    /** For a program that starts other processes as well. */
    public static final Ownership SHARED =
        new Ownership(Containment.Orphans.MARKED, List.of(), List.of(), false);

    public Ownership {
      keep = List.copyOf(keep);
      artefacts = artefacts.stream().map(Path::toAbsolutePath).toList();
    }

    /** The same with these files completed if this process is killed. */
    public Ownership completing(List<Path> files) {
      return new Ownership(orphans, keep, files, guardTerminal);
    }
  }

  /**
   * A session of this command with the defaults: any free port of 127.0.0.1, everything decrypted,
   * the user's own proxies and certificate authorities honoured, no time-out, its end the
   * session's.
   *
   * @param environment the variables of the user, usually {@link System#getenv()}
   * @throws IllegalArgumentException if the variables name a proxy that cannot be used
   */
  public static SessionPlan of(Map<String, String> environment, String... command) {
    UpstreamProxies proxies =
        switch (UpstreamProxies.fromEnvironment(environment)) {
          case UpstreamProxies.Parsed.Usable(var usable) -> usable;
          case UpstreamProxies.Parsed.Unusable(var why) -> throw new IllegalArgumentException(why);
        };
    Map<String, String> raw = new LinkedHashMap<>();
    environment.forEach((name, value) -> raw.put(raw(name), raw(value)));
    String[] argv = Arrays.stream(command).map(SessionPlan::raw).toArray(String[]::new);
    return new SessionPlan(
        CommandSpec.of(argv)
            .withEnvironment(raw)
            .withStdio(Stdio.inherit())
            .withCharset(StandardCharsets.ISO_8859_1),
        StopPolicy.standard(),
        TrafficPlan.of(proxies, UpstreamAnchors.of(raw, Path.of("").toAbsolutePath())),
        Injection.ALL,
        SessionFolders.of(environment),
        Optional.empty(),
        AfterEnd.END_SESSION,
        Ownership.SHARED);
  }

  /** Text as the session holds it: its bytes in UTF-8, one a char. */
  private static String raw(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** The same with another plan for its traffic. */
  public SessionPlan withTraffic(TrafficPlan other) {
    return new SessionPlan(command, stop, other, injection, folders, timeout, afterEnd, ownership);
  }

  /** The same with another way to stop. */
  public SessionPlan withStop(StopPolicy other) {
    return new SessionPlan(
        command, other, traffic, injection, folders, timeout, afterEnd, ownership);
  }

  /** The same with a time after which the session is stopped. */
  public SessionPlan withTimeout(Duration other) {
    return new SessionPlan(
        command, stop, traffic, injection, folders, Optional.of(other), afterEnd, ownership);
  }

  /** The same with folders of its own. */
  public SessionPlan withFolders(SessionFolders other) {
    return new SessionPlan(command, stop, traffic, injection, other, timeout, afterEnd, ownership);
  }

  /** The same with another answer to its command's end. */
  public SessionPlan withAfterEnd(AfterEnd other) {
    return new SessionPlan(command, stop, traffic, injection, folders, timeout, other, ownership);
  }
}
