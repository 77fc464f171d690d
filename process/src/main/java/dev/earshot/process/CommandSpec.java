package dev.earshot.process;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A command to start: immutable input.
 *
 * @param argv the command and its arguments; the first, if it has no slash, is looked up in the
 *     PATH of {@code environment}
 * @param environment exactly the variables that the command gets, in this order
 * @param directory its working directory; empty for that of this process
 * @param stdio its standard streams
 * @param launch its signal state and further descriptors
 * @param terminal what it has of the terminal
 * @param charset how text becomes bytes; with ISO 8859-1 each char is one byte
 */
public record CommandSpec(
    List<String> argv,
    SequencedMap<String, String> environment,
    Optional<String> directory,
    Stdio stdio,
    LaunchState launch,
    TerminalUse terminal,
    Charset charset) {
  public CommandSpec {
    argv = List.copyOf(argv);
    environment = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(environment));
    if (argv.isEmpty()) {
      throw new IllegalArgumentException("there is no command");
    }
  }

  /** A command with these variables, which inherits the standard streams and nothing else. */
  public static CommandSpec of(Map<String, String> environment, String... argv) {
    return new CommandSpec(
        new ArrayList<>(List.of(argv)),
        new LinkedHashMap<>(environment),
        Optional.empty(),
        Stdio.inherit(),
        LaunchState.plain(),
        TerminalUse.NONE,
        StandardCharsets.UTF_8);
  }

  /** The same command with other variables. */
  public CommandSpec withEnvironment(SequencedMap<String, String> other) {
    return new CommandSpec(argv, other, directory, stdio, launch, terminal, charset);
  }

  /** The same command in another working directory. */
  public CommandSpec withDirectory(String other) {
    return new CommandSpec(
        argv, environment, Optional.of(other), stdio, launch, terminal, charset);
  }

  /** The same command with other streams. */
  public CommandSpec withStdio(Stdio other) {
    return new CommandSpec(argv, environment, directory, other, launch, terminal, charset);
  }

  /** The same command with other signals and descriptors to inherit. */
  public CommandSpec withLaunch(LaunchState other) {
    return new CommandSpec(argv, environment, directory, stdio, other, terminal, charset);
  }

  /** The same command with another use of the terminal. */
  public CommandSpec withTerminal(TerminalUse other) {
    return new CommandSpec(argv, environment, directory, stdio, launch, other, charset);
  }

  /** The same command, whose text becomes bytes in another way. */
  public CommandSpec withCharset(Charset other) {
    return new CommandSpec(argv, environment, directory, stdio, launch, terminal, other);
  }
}
