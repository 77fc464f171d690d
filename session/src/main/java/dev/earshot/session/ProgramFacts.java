package dev.earshot.session;

import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is to be seen of a process.
 *
 * @param executable the path of its file
 * @param arguments its argument vector
 * @param beginning of its file, one byte a char
 * @param nodeHeader {@code node_version.h} of the Node that it may be; empty if there is none
 */
record ProgramFacts(
    String executable, List<String> arguments, String beginning, String nodeHeader) {
  /** How the launcher tells the JVM what it was started with. */
  private static final String OF_THE_LAUNCHER = "-Dearshot.launch.";

  /** The identity that the linker of Go writes near the beginning: an ELF note of "Go". */
  private static final Pattern GO_NOTE =
      Pattern.compile("\4\0\0\0.{4}\4\0\0\0Go\0\0", Pattern.DOTALL);

  private static final Pattern NODE_IN_PATH =
      Pattern.compile("/(?:node-)?v?(\\d{1,3})\\.\\d+\\.\\d+[^/]*/");
  private static final Pattern NODE_IN_HEADER =
      Pattern.compile("#define NODE_MAJOR_VERSION (\\d{1,3})\\b");

  ProgramFacts {
    arguments = List.copyOf(arguments);
  }

  /** What it runs. */
  Program program() {
    String path = executable.replace(" (deleted)", "");
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (name.equals("java")) {
      boolean session = arguments.stream().anyMatch(it -> it.startsWith(OF_THE_LAUNCHER));
      return session ? new Program.Earshot() : new Program.Java();
    }
    if (name.equals("node") || name.equals("nodejs")) {
      return new Program.Node(nodeVersion(path, nodeHeader));
    }
    if (name.matches("(python|pypy)[0-9.]*")) {
      return new Program.Python();
    }
    if (name.matches("ruby[0-9.]*")) {
      return new Program.Ruby();
    }
    if (name.matches("php(-fpm|-cgi)?[0-9.]*")) {
      return new Program.Php();
    }
    return GO_NOTE.matcher(beginning).find() ? new Program.Go() : new Program.Other();
  }

  private static OptionalInt nodeVersion(String path, String header) {
    Matcher inHeader = NODE_IN_HEADER.matcher(header);
    if (inHeader.find()) {
      return OptionalInt.of(Integer.parseInt(inHeader.group(1)));
    }
    Matcher inPath = NODE_IN_PATH.matcher(path);
    return inPath.find() ? OptionalInt.of(Integer.parseInt(inPath.group(1))) : OptionalInt.empty();
  }
}
