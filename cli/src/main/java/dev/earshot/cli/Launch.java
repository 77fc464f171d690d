package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.process.LaunchState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;

/**
 * How Earshot was started: its arguments and environment byte for byte, and what the launcher
 * script recorded before the JVM changed it. A char is one byte (ISO 8859-1), as the JVM would
 * replace what its locale cannot say.
 *
 * @param arguments the arguments of the program
 * @param environment the variables, in order, as the launcher had them
 * @param state signals and descriptors, as the launcher had them
 * @param closed which of the descriptors 0, 1 and 2 the launcher found closed
 */
record Launch(
    List<String> arguments,
    SequencedMap<String, String> environment,
    LaunchState state,
    Set<Integer> closed) {
  private static final String FIRST_VALUE = "EARSHOT_LAUNCH_VAR_";

  /** Variables that the launcher sets or its shell adds; they are kept only with a first value. */
  private static final List<String> OF_THE_LAUNCHER =
      List.of(
          "JAVA_TOOL_OPTIONS",
          "JDK_JAVA_OPTIONS",
          "_JAVA_OPTIONS",
          "LC_ALL",
          "PWD",
          "OLDPWD",
          "SHLVL",
          "_");

  Launch {
    arguments = List.copyOf(arguments);
    closed = Set.copyOf(closed);
  }

  /** Reads /proc/self (proc(5)); on a system without it, takes what the JVM says. */
  static Launch read(String[] args, Properties properties) {
    return new Launch(
        arguments(args, readRecords(Path.of("/proc/self/cmdline"))),
        environment(readRecords(Path.of("/proc/self/environ"))),
        state(properties),
        numbers(properties.getProperty("earshot.launch.closed", "")));
  }

  /** What the last arguments of the process are in bytes, as long as they can be the same. */
  static List<String> arguments(String[] args, List<String> raw) {
    if (!raw.isEmpty() && raw.size() >= args.length) {
      return raw.subList(raw.size() - args.length, raw.size());
    }
    List<String> encoded = new ArrayList<>();
    for (String arg : args) {
      encoded.add(bytesOf(arg));
    }
    return encoded;
  }

  static SequencedMap<String, String> environment(List<String> raw) {
    SequencedMap<String, String> first = new LinkedHashMap<>();
    SequencedMap<String, String> kept = new LinkedHashMap<>();
    for (String entry : raw) {
      int equals = entry.indexOf('=');
      if (equals <= 0) {
        continue;
      }
      String name = entry.substring(0, equals);
      String value = entry.substring(equals + 1);
      if (name.startsWith(FIRST_VALUE)) {
        first.put(name.substring(FIRST_VALUE.length()), value);
      } else if (!OF_THE_LAUNCHER.contains(name)) {
        kept.put(name, value);
      }
    }
    kept.putAll(first);
    return kept;
  }

  static LaunchState state(Properties properties) {
    return new LaunchState(
        mask(properties.getProperty("earshot.launch.ignored", "0")),
        mask(properties.getProperty("earshot.launch.blocked", "0")),
        numbers(properties.getProperty("earshot.launch.descriptors", "")));
  }

  private static TreeSet<Integer> numbers(String list) {
    var numbers = new TreeSet<Integer>();
    for (String number : list.split(",", -1)) {
      if (!number.isEmpty()) {
        numbers.add(Integer.parseInt(number));
      }
    }
    return numbers;
  }

  /** The environment as ordinary text, for what Earshot itself wants to know. */
  Map<String, String> environmentText() {
    Map<String, String> text = new LinkedHashMap<>();
    environment.forEach((name, value) -> text.put(text(name), text(value)));
    return text;
  }

  /** The bytes as UTF-8 text; what is not UTF-8 becomes the replacement character. */
  static String text(String bytes) {
    return new String(bytes.getBytes(ISO_8859_1), UTF_8);
  }

  private static String bytesOf(String text) {
    return new String(text.getBytes(UTF_8), ISO_8859_1);
  }

  private static long mask(String hex) {
    return Long.parseUnsignedLong(hex, 16);
  }

  /** The NUL-terminated records of a file; none if there is no such file. */
  private static List<String> readRecords(Path file) {
    String content;
    try {
      content = new String(Files.readAllBytes(file), ISO_8859_1);
    } catch (IOException notLinux) {
      return List.of();
    }
    List<String> records = new ArrayList<>(List.of(content.split("\0", -1)));
    records.removeLast();
    return records;
  }
}
