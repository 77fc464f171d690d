package dev.earshot.cli;

import dev.earshot.session.ClientRuntime;
import dev.earshot.session.CrashedSessions;
import dev.earshot.session.RuntimeVariable;
import dev.earshot.session.SessionFolders;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code earshot doctor}: this machine, and what crashed sessions left on it. */
final class DoctorCommand {
  /** Something is left over, or was refused. */
  private static final int LEFT = 1;

  private static final String TRY =
      "try: earshot doctor --clean; what is unproven is yours to look at, and to remove";

  private static final String REDACTED =
      "This report was redacted: the home directory is '~', the user's name 'user', the machine's"
          + " name 'host'; values of variables, but for proxies without their credentials, and"
          + " arguments of processes are left out.";

  private final PrintStream out;
  private final PrintStream err;

  DoctorCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  static CommandSpec spec() {
    var spec = CommandSpec.create().name("doctor");
    spec.usageMessage()
        .description(
            "This machine as Earshot sees it, and what is left of sessions that were killed"
                + " together with their guardian. Nothing is changed without --clean.")
        .customSynopsis(
            "earshot doctor [--clean]",
            "       earshot doctor --report [-o FILE]",
            "       earshot doctor RUNTIME")
        .footer(
            "",
            "RUNTIME (node, python, java, ...) tells which variables its clients are given.",
            "Exit code: 0 nothing is left over, 1 something is, or was refused, 2 failure.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("RUNTIME")
            .hidden(true)
            .build());
    spec.addOption(
        RunCommandLine.flag("End and remove what is proved to be left over.", "--clean"));
    spec.addOption(RunCommandLine.flag("A report for a bug, without private facts.", "--report"));
    spec.addOption(
        OptionSpec.builder("-o", "--output")
            .arity("1")
            .type(String.class)
            .paramLabel("FILE")
            .description("Where the report goes (0600) instead of stdout.")
            .build());
    spec.addOption(RunCommandLine.flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    return spec;
  }

  Leave run(ParseResult parsed, Launch launch) throws UserError {
    String runtime = parsed.matchedPositionalValue(0, "");
    boolean clean = parsed.hasMatchedOption("--clean");
    boolean report = parsed.hasMatchedOption("--report");
    if (clean && report) {
      throw UserError.usage(
          "doctor: --clean and --report exclude each other; run one, then the other");
    }
    if (parsed.hasMatchedOption("-o") && !report) {
      throw UserError.usage("doctor: --output is for --report; add that, or redirect stdout");
    }
    if (parsed.hasMatchedPositional(0)) {
      if (clean || report) {
        throw UserError.usage("doctor: a runtime is named without --clean and --report");
      }
      print(runtime(runtime(runtime), launch.environmentText()));
      return new Leave.WithCode(0);
    }
    var folders = SessionFolders.of(launch.environmentText());
    if (clean) {
      return clean(folders);
    }
    return report
        ? report(folders, launch, parsed.matchedOptionValue("-o", ""))
        : look(folders, launch);
  }

  private static ClientRuntime runtime(String name) throws UserError {
    Optional<ClientRuntime> runtime = ClientRuntime.named(name);
    if (runtime.isPresent()) {
      return runtime.get();
    }
    List<String> names =
        Arrays.stream(ClientRuntime.values()).map(ClientRuntime::wireName).toList();
    throw UserError.usage(
        "doctor: unknown runtime '%s'; %sthere are: %s"
            .formatted(
                Launch.text(name),
                Nearest.of(name, names).map(it -> "did you mean '" + it + "'? ").orElse(""),
                String.join(", ", names)));
  }

  /** What a runtime is told, and where it is. */
  private static List<String> runtime(ClientRuntime runtime, Map<String, String> environment) {
    List<String> lines = new ArrayList<>();
    List<Path> found = RuntimePrograms.found(runtime, environment.getOrDefault("PATH", ""));
    List<String> programs = RuntimePrograms.of(runtime);
    lines.add(
        DoctorText.line(
            runtime.wireName(),
            programs.isEmpty()
                ? "no program of its own"
                : found.isEmpty()
                    ? "not on PATH (" + String.join(", ", programs) + ")"
                    : String.join(", ", found.stream().map(Path::toString).toList())));
    for (RuntimeVariable each : RuntimeVariable.of(runtime)) {
      lines.add(
          "  "
              + each.name()
              + ": "
              + each.purpose()
              + (each.onlyIfSet() ? " (only where you set it)" : ""));
    }
    if (runtime != ClientRuntime.GENERIC) {
      lines.add("  and those of every runtime: earshot doctor " + ClientRuntime.GENERIC.wireName());
      lines.add("left out by: earshot run --no-inject=" + runtime.wireName());
    }
    return lines;
  }

  /** The leftovers, as lines. */
  private record Found(List<String> lines, boolean left) {}

  private Leave look(SessionFolders folders, Launch launch) throws UserError {
    print(new MachineFacts(launch.environmentText(), folders).lines());
    out.println();
    Found found = leftovers(folders);
    print(found.lines());
    return new Leave.WithCode(found.left() ? LEFT : 0);
  }

  private static Found leftovers(SessionFolders folders) throws UserError {
    List<String> lines = new ArrayList<>();
    boolean left = false;
    for (Path each : folders(folders)) {
      try {
        Optional<CrashedSessions.Look> look = CrashedSessions.look(each);
        look.ifPresent(it -> lines.addAll(DoctorText.look(it)));
        left |= look.filter(it -> DoctorText.isLeft(it.verdict())).isPresent();
      } catch (IOException e) {
        lines.add(DoctorText.line("unproven", each + ": cannot look at it: " + why(e)));
        left = true;
      }
    }
    lines.add(left ? TRY : "no leftovers");
    return new Found(lines, left);
  }

  private static List<Path> folders(SessionFolders folders) throws UserError {
    try {
      return CrashedSessions.folders(folders);
    } catch (IOException e) {
      throw UserError.usage("doctor: cannot look for sessions: " + why(e));
    }
  }

  private static String why(IOException e) {
    return e instanceof AccessDeniedException denied
        ? denied.getFile() + ": permission denied"
        : String.valueOf(e.getMessage());
  }

  private Leave clean(SessionFolders folders) throws UserError {
    boolean left = false;
    boolean any = false;
    for (Path each : folders(folders)) {
      try {
        Optional<CrashedSessions.Cleaned> cleaned = CrashedSessions.clean(each);
        cleaned.ifPresent(it -> print(DoctorText.cleaned(it)));
        left |= cleaned.filter(it -> !it.problems().isEmpty()).isPresent();
        any |= cleaned.filter(it -> DoctorText.isLeft(it.look().verdict())).isPresent();
      } catch (IOException e) {
        print(List.of(DoctorText.line("refused", each + ": cannot look at it: " + why(e))));
        left = true;
      }
    }
    if (!any && !left) {
      out.println("no leftovers");
    }
    return new Leave.WithCode(left ? LEFT : 0);
  }

  private Leave report(SessionFolders folders, Launch launch, String file) throws UserError {
    Map<String, String> environment = launch.environmentText();
    var facts = new MachineFacts(environment, folders);
    Found found = leftovers(folders);
    List<String> lines = new ArrayList<>(List.of(REDACTED, ""));
    UnaryOperator<String> hide = privateText(environment)::hide;
    Stream.of(facts.lines(), facts.more(), List.of(""), found.lines())
        .flatMap(List::stream)
        .map(hide)
        .forEach(lines::add);
    if (file.isEmpty() || file.equals("-")) {
      print(lines);
    } else {
      write(Launch.text(file), lines);
    }
    return new Leave.WithCode(found.left() ? LEFT : 0);
  }

  private static PrivateText privateText(Map<String, String> environment) {
    return new PrivateText(
        List.of(environment.getOrDefault("HOME", ""), System.getProperty("user.home", "")),
        List.of(
            environment.getOrDefault("USER", ""),
            environment.getOrDefault("LOGNAME", ""),
            System.getProperty("user.name", "")),
        hostName());
  }

  private static String hostName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException unknown) {
      return "";
    }
  }

  private void write(String name, List<String> lines) throws UserError {
    var text = new StringBuilder();
    lines.forEach(line -> text.append(Printable.line(line)).append('\n'));
    try (OutputStream target = new EventTarget.File(name).open("--output")) {
      target.write(text.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw UserError.cannotWrite("--output", name, String.valueOf(e.getMessage()));
    }
    err.println("earshot: wrote the report to " + Printable.line(name));
  }

  private void print(List<String> lines) {
    lines.forEach(line -> out.println(Printable.line(line)));
  }
}
