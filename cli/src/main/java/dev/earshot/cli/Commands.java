package dev.earshot.cli;

import dev.earshot.session.Version;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The commands of the program: finds the one that is meant and runs it. */
final class Commands {
  private static final List<String> LATER =
      List.of("open", "replay", "diff", "config", "completion");

  private final PrintStream out;
  private final PrintStream err;

  Commands(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Never throws: whatever goes wrong is one line on stderr and an exit code. */
  Leave run(Launch launch) {
    boolean debug = launch.arguments().contains("--debug");
    int onFailure = exitCodeOfFailure(launch.arguments());
    try {
      return dispatch(launch);
    } catch (UserError e) {
      report(e, String.valueOf(e.getMessage()), debug);
      return new Leave.WithCode(onFailure == UserError.CANNOT_RUN ? e.exitCode() : onFailure);
    } catch (ParameterException e) {
      report(e, parseProblem(e), debug);
      return new Leave.WithCode(onFailure);
    } catch (RuntimeException | Error e) {
      report(e, "internal error: " + e + " (run again with --debug for the details)", debug);
      return new Leave.WithCode(onFailure);
    }
  }

  private Leave dispatch(Launch launch) throws UserError {
    refuseLaterCommands(launch.arguments());
    ParseResult parsed = commandLine().parseArgs(launch.arguments().toArray(String[]::new));
    if (parsed.isVersionHelpRequested()) {
      out.println("earshot " + Version.TEXT);
      return new Leave.WithCode(0);
    }
    ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    if (command.isUsageHelpRequested() || !parsed.hasSubcommand()) {
      out.print(help(command));
      return new Leave.WithCode(0);
    }
    return switch (command.commandSpec().name()) {
      case "run" -> new RunCommand(err).run(RunCommandLine.options(command), launch);
      case "show" -> new ShowCommand(out, err).run(command, launch);
      case "export" -> new ExportCommand(out, err).run(command, launch);
      case "sessions" -> new SessionsCommand(out, err).run(command, launch);
      case "ca" -> new CaCommand(out, err).run(command, launch);
      case "doctor" -> new DoctorCommand(out, err).run(command, launch);
      case "demo" -> new DemoCommand(out, err).run(launch);
      default -> throw new IllegalStateException(command.commandSpec().name());
    };
  }

  private static CommandLine commandLine() {
    var spec = CommandSpec.create().name("earshot");
    spec.usageMessage()
        .description(
            "Shows every HTTP(S) call of a command and its children, and ends what it started.")
        .customSynopsis("earshot COMMAND [options]")
        .footer(
            "",
            "Start with:  earshot demo                 a real session, offline",
            "             earshot run -- COMMAND       your own command");
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    spec.addOption(
        OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("The version.")
            .build());
    spec.parser().expandAtFiles(false);
    var line = new CommandLine(spec);
    // The options of a run end at its command, whose own options are its own affair.
    line.addSubcommand("run", new CommandLine(RunCommandLine.spec()).setStopAtPositional(true));
    line.addSubcommand("demo", DemoCommand.spec());
    line.addSubcommand("show", ShowCommand.spec());
    line.addSubcommand("export", ExportCommand.spec());
    line.addSubcommand("sessions", SessionsCommand.spec());
    line.addSubcommand("ca", CaCommand.spec());
    line.addSubcommand("doctor", DoctorCommand.spec());
    line.setExpandAtFiles(false);
    line.setInterpolateVariables(false);
    line.setUsageHelpWidth(90);
    return line;
  }

  private static String help(ParseResult command) {
    var text = new StringWriter();
    command
        .commandSpec()
        .commandLine()
        .usage(new PrintWriter(text, true), CommandLine.Help.Ansi.OFF);
    return text.toString();
  }

  /** One line: what is wrong, and the nearest match. */
  private static String parseProblem(ParameterException e) {
    String command = e.getCommandLine().getCommandName();
    String where = command.equals("earshot") ? "" : command + ": ";
    if (e instanceof UnmatchedArgumentException unmatched) {
      String word = Launch.text(unmatched.getUnmatched().getFirst());
      String what = word.startsWith("-") ? "unknown option '" : "unknown command '";
      String advice =
          unmatched.getSuggestions().stream()
              .findFirst()
              .or(() -> nearestOption(e, word))
              .map(near -> "did you mean '" + near + "'?")
              .orElse("see: earshot " + (where.isEmpty() ? "" : command + " ") + "--help");
      return where + what + word + "'; " + advice;
    }
    String first = Launch.text(String.valueOf(e.getMessage())).lines().findFirst().orElse("");
    return where + first + "; see: earshot " + (where.isEmpty() ? "" : command + " ") + "--help";
  }

  /** Of what the parser finds no likeness in, as in letters that changed places. */
  private static Optional<String> nearestOption(ParameterException e, String word) {
    String option = word.substring(0, (word + "=").indexOf('='));
    return Nearest.of(option, e.getCommandLine().getCommandSpec().optionsMap().keySet());
  }

  private static void refuseLaterCommands(List<String> arguments) throws UserError {
    if (!arguments.isEmpty() && LATER.contains(arguments.getFirst())) {
      throw UserError.notThereYet(
          "'" + arguments.getFirst() + "'",
          "there are: run, show, export, sessions, demo, ca, doctor");
    }
  }

  /** {@code run} keeps the codes below 125 for its command. */
  private static int exitCodeOfFailure(List<String> arguments) {
    return !arguments.isEmpty() && arguments.getFirst().equals("run")
        ? UserError.CANNOT_RUN
        : UserError.FAILURE;
  }

  private void report(Throwable problem, String line, boolean debug) {
    err.println("earshot: " + Printable.line(line));
    if (debug) {
      problem.printStackTrace(err);
    }
  }
}
