package dev.earshot.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A small shell script, outside the tree, that lives on a pipe from this process: when the pipe
 * closes without a word, this process was killed, and the script ends the tree. It has a session of
 * its own, so that a signal to our group misses it, and no descriptor of the command's. Any thread
 * may tell it something; one closes it, when nobody does.
 */
final class Guardian {
  private static final String SCRIPT = script();
  private static final List<String> SHELL = List.of("/bin/sh", "-c", SCRIPT, "earshot-guardian");

  /** How the command line of any begins, those of other versions too. */
  private static final String BEGINNING = "/bin/sh -c # The guardian of an Earshot session";

  private static final int TERMINAL = 3;
  private static final long BLOCKED =
      Signal.HUP.bit()
          | Signal.INT.bit()
          | Signal.QUIT.bit()
          | Signal.TERM.bit()
          | Signal.PIPE.bit()
          | Signal.ALRM.bit()
          | Signal.USR1.bit()
          | Signal.USR2.bit()
          | Signal.TSTP.bit()
          | Signal.TTIN.bit()
          | Signal.TTOU.bit();

  private final long pid;
  private final StandardStreams pipe;

  private Guardian(long pid, StandardStreams pipe) {
    this.pid = pid;
    this.pipe = pipe;
  }

  /**
   * What it is to do when this process is gone.
   *
   * @param mark what the tree is known by
   * @param keep what may live on
   * @param folder to remove
   * @param cgroup to kill and remove
   * @param artefacts files that this process is writing, to be completed
   * @param terminal to put in order
   */
  record Duty(
      Mark mark,
      List<KeepPattern> keep,
      Optional<Path> folder,
      Optional<Path> cgroup,
      List<Path> artefacts,
      Optional<GuardedTerminal> terminal) {}

  /**
   * The terminal of this process, as it was when the session began.
   *
   * @param descriptor kept open by the guardian, too; at least 4
   * @param settings as {@code stty} takes them
   * @param group the process group of this process
   * @param session the session of this process
   * @param alone no shell with job control has started this process, to set the terminal itself
   */
  record GuardedTerminal(
      int descriptor, String settings, long group, long session, boolean alone) {}

  /** Empty if there is no shell, or no descriptor or process to be had. */
  static Optional<Guardian> start(Platform platform, Duty duty) {
    int lowest = duty.terminal().isPresent() ? TERMINAL + 1 : TERMINAL;
    CommandSpec command = command(duty);
    StandardStreams streams = StandardStreams.none();
    try {
      streams = StandardStreams.open(command, lowest);
      List<Integer> sources = new ArrayList<>(streams.sources());
      duty.terminal().ifPresent(it -> sources.add(it.descriptor()));
      var setting = new Spawner.Setting(Optional.empty(), Mark.NONE, true, Optional.empty());
      long pid = Spawner.spawn(platform, command, sources, setting);
      return Optional.of(new Guardian(pid, streams));
    } catch (ErrnoException | StartException noShell) {
      streams.closeKept();
      return Optional.empty();
    } finally {
      streams.closeSources();
    }
  }

  private static CommandSpec command(Duty duty) {
    List<String> argv = new ArrayList<>(SHELL);
    argv.add(duty.mark().prefix());
    argv.add(duty.folder().map(Guardian::bytes).orElse(""));
    argv.add(duty.cgroup().map(Guardian::bytes).orElse(""));
    argv.add(duty.terminal().map(GuardedTerminal::settings).orElse(""));
    argv.add(duty.terminal().map(it -> Long.toString(it.group())).orElse("0"));
    argv.add(duty.terminal().map(it -> Long.toString(it.session())).orElse("0"));
    argv.add(duty.terminal().filter(GuardedTerminal::alone).map(_ -> "alone").orElse(""));
    argv.add(duty.artefacts().stream().map(Guardian::bytes).collect(Collectors.joining("\n")));
    duty.keep().forEach(each -> argv.add(bytes(each.glob())));
    SortedSet<Integer> descriptors = new TreeSet<>();
    duty.terminal().ifPresent(_ -> descriptors.add(TERMINAL));
    String path = System.getenv().getOrDefault("PATH", "/usr/local/bin");
    return CommandSpec.of(argv.toArray(String[]::new))
        .withCharset(StandardCharsets.ISO_8859_1)
        .withEnvironment(Map.of("LC_ALL", "C", "PATH", bytes(path)))
        .withDirectory("/")
        .withStdio(new Stdio(new Redirect.Pipe(), new Redirect.Null(), new Redirect.Null()))
        .withLaunch(new LaunchState(0, BLOCKED, descriptors));
  }

  private static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** One char for each byte. A path's bytes need not be text; its URI has them all the same. */
  static String bytes(Path path) {
    String encoded = path.toUri().getRawPath();
    var bytes = new StringBuilder(encoded.length());
    for (int at = 0; at < encoded.length(); at++) {
      if (encoded.charAt(at) == '%') {
        bytes.append((char) HexFormat.fromHexDigits(encoded, at + 1, at + 3));
        at += 2;
      } else {
        bytes.append(encoded.charAt(at));
      }
    }
    // That of a folder ends with a slash.
    int end = bytes.length() - 1;
    return end > 0 && bytes.charAt(end) == '/' ? bytes.substring(0, end) : bytes.toString();
  }

  /**
   * Whether a process is the guardian of some session. Not in the instant in which it begins its
   * program: its owner goes on just before the name and the command line are there. That is read of
   * those alone that may be one. None has a mark.
   */
  static boolean is(ProcessTable.Entry process) {
    return process.name().equals("sh")
        && process.session() == process.pid()
        && KeepPattern.commandLine(process.pid()).startsWith(BEGINNING)
        && !Mark.isOnAny(process.pid());
  }

  long pid() {
    return pid;
  }

  /** A command is about to be started, which is never one that may live on. */
  void starting() {
    say("starting\n");
  }

  /** It was not. */
  void failed() {
    say("failed\n");
  }

  /** It was, and is this. */
  void leader(long leader) {
    say("leader " + leader + "\n");
  }

  /** The number is nobody's any more. */
  void ended(long leader) {
    say("ended " + leader + "\n");
  }

  /** An orderly end: it does nothing more. */
  void dismiss() {
    say("bye\n");
  }

  private void say(String line) {
    try {
      byte[] bytes = line.getBytes(StandardCharsets.US_ASCII);
      pipe.kept(0).orElseThrow().write(bytes, 0, bytes.length);
    } catch (IOException gone) {
      // Whoever watches it starts another.
    }
  }

  void close() {
    pipe.closeKept();
  }

  private static String script() {
    try (InputStream in = Guardian.class.getResourceAsStream("guardian.sh")) {
      if (in == null) {
        throw new IllegalStateException("the resource guardian.sh is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
