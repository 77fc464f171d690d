package dev.earshot.process;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A command to start. Immutable.
 *
 * @param argv the command and its arguments; not empty. A name without a slash is looked for in the
 *     {@code PATH} of {@code environment}
 * @param environment exactly what the command gets, in this order, followed by the variable {@code
 *     EARSHOT_MARK} of its {@link Containment}
 * @param directory where the command starts; this process's if empty
 * @param stdio its standard streams
 * @param launch signals and descriptors it inherits
 * @param terminal whether it may get the terminal
 * @param charset how strings become bytes; with ISO-8859-1 one char is one raw byte
 * @param pty the size of a pseudo-terminal of the command's own, if it is to have one. That is then
 *     all three of its streams, whatever {@code stdio} says, and {@code terminal} is {@code NONE}
 */
public record CommandSpec(
    List<String> argv,
    Map<String, String> environment,
    Optional<String> directory,
    Stdio stdio,
    LaunchState launch,
    TerminalUse terminal,
    Charset charset,
    Optional<TerminalSize> pty) {

  public CommandSpec {
    argv = List.copyOf(argv);
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    if (argv.isEmpty()) {
      throw new IllegalArgumentException("a command has at least its name");
    }
    if (pty.isPresent()) {
      terminal = TerminalUse.NONE;
    }
  }

  /** With this process's environment and directory, pipes, no terminal, strings as UTF-8. */
  public static CommandSpec of(String... argv) {
    return new CommandSpec(
        List.of(argv),
        System.getenv(),
        Optional.empty(),
        Stdio.pipes(),
        LaunchState.plain(),
        TerminalUse.NONE,
        StandardCharsets.UTF_8,
        Optional.empty());
  }

  /** The same with exactly this environment. */
  public CommandSpec withEnvironment(Map<String, String> exactly) {
    return new CommandSpec(argv, exactly, directory, stdio, launch, terminal, charset, pty);
  }

  /** The same, started in this directory. */
  public CommandSpec withDirectory(String path) {
    return new CommandSpec(
        argv, environment, Optional.of(path), stdio, launch, terminal, charset, pty);
  }

  /** The same with these streams. */
  public CommandSpec withStdio(Stdio streams) {
    return new CommandSpec(argv, environment, directory, streams, launch, terminal, charset, pty);
  }

  /** The same with these signals and descriptors to inherit. */
  public CommandSpec withLaunch(LaunchState state) {
    return new CommandSpec(argv, environment, directory, stdio, state, terminal, charset, pty);
  }

  /** The same with this use of the terminal. */
  public CommandSpec withTerminal(TerminalUse use) {
    return new CommandSpec(argv, environment, directory, stdio, launch, use, charset, pty);
  }

  /** The same with strings that become bytes in another way. */
  public CommandSpec withCharset(Charset encoding) {
    return new CommandSpec(argv, environment, directory, stdio, launch, terminal, encoding, pty);
  }

  /** The same on a pseudo-terminal of its own, which is this big at first. */
  public CommandSpec withPty(TerminalSize size) {
    return new CommandSpec(
        argv, environment, directory, stdio, launch, terminal, charset, Optional.of(size));
  }
}
