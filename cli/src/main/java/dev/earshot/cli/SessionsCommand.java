package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Quantities;
import dev.earshot.exchange.Redaction;
import dev.earshot.session.SessionFolders;
import dev.earshot.store.CaptureException;
import dev.earshot.store.CaptureFacts;
import dev.earshot.store.CaptureReader;
import dev.earshot.store.Captures;
import dev.earshot.store.TerminalEscapes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** {@code earshot sessions}: what is recorded, and how long it is kept. */
final class SessionsCommand {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

  private final PrintStream out;
  private final PrintStream err;

  SessionsCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  static CommandSpec spec() {
    var keep = Captures.Keep.DEFAULT;
    var spec = CommandSpec.create().name("sessions");
    spec.usageMessage()
        .description("Lists recorded sessions, or removes some of them.")
        .customSynopsis(
            "earshot sessions [list] [--json]",
            "       earshot sessions rm SESSION...",
            "       earshot sessions prune [--keep N] [--older-than DURATION] [--max-size SIZE]")
        .footer(
            "",
            "Every run prunes as well: %d sessions, %d days and %s are kept, the newest first."
                .formatted(keep.count(), keep.age().toDays(), Figures.size(keep.bytes())),
            "A session that goes on is never removed. DURATION may be written in days: 7d.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("list|rm|prune")
            .hidden(true)
            .build());
    spec.addOption(RunCommandLine.flag("list: a line of JSON for each.", "--json"));
    spec.addOption(RunCommandLine.value("N", "prune: keep so many.", "--keep"));
    spec.addOption(
        RunCommandLine.value("DURATION", "prune: remove what ended before that.", "--older-than"));
    spec.addOption(
        RunCommandLine.value("SIZE", "prune: keep so much in all, such as 2GiB.", "--max-size"));
    spec.addOption(RunCommandLine.flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    return spec;
  }

  Leave run(ParseResult parsed, Launch launch) throws UserError {
    List<String> words = parsed.matchedPositionalValue(0, List.of());
    String action = words.isEmpty() ? "list" : Launch.text(words.getFirst());
    List<String> rest = words.isEmpty() ? List.of() : words.subList(1, words.size());
    refuseOptions(parsed, action);
    if (!action.equals("rm") && !rest.isEmpty()) {
      throw UserError.usage(
          "sessions %s: takes no '%s'".formatted(action, Launch.text(rest.getFirst())));
    }
    var folder =
        SessionFolders.of(launch.environmentText()).captures().orElseThrow(UserError::noCaptures);
    var captures = new Captures(folder);
    try {
      return switch (action) {
        case "list" -> list(captures, parsed.hasMatchedOption("--json"));
        case "rm" -> remove(captures, rest.stream().map(Launch::text).toList());
        case "prune" -> prune(captures, keep(parsed));
        default -> throw UserError.unknownAction(action);
      };
    } catch (IOException e) {
      throw UserError.of(UserError.FAILURE, "sessions: " + e.getMessage());
    }
  }

  private static void refuseOptions(ParseResult parsed, String action) throws UserError {
    for (String option : List.of("--keep", "--older-than", "--max-size")) {
      if (parsed.hasMatchedOption(option) && !action.equals("prune")) {
        throw UserError.usage("sessions: %s is for prune".formatted(option));
      }
    }
    if (parsed.hasMatchedOption("--json") && !action.equals("list")) {
      throw UserError.usage("sessions: --json is for list");
    }
  }

  private Leave list(Captures captures, boolean json) throws IOException {
    Captures.Listing listing = captures.list();
    if (json) {
      listing.captures().forEach(this::asJson);
    } else if (listing.captures().isEmpty()) {
      err.println("earshot: no session is recorded; try: earshot run -- COMMAND");
    } else {
      table(listing.captures());
    }
    listing.problems().forEach(problem -> err.println("earshot: " + Printable.line(problem)));
    return new Leave.WithCode(0);
  }

  private void table(List<CaptureFacts> all) {
    out.println(
        "%-22s %-19s %-8s %4s %7s %6s %6s  %s"
            .formatted(
                "SESSION", "STARTED", "STATE", "EXIT", "CALLS", "FAILED", "SIZE", "COMMAND"));
    for (CaptureFacts each : all) {
      out.println(
          "%-22s %-19s %-8s %4s %7d %6d %6s  %s"
              .formatted(
                  each.id(),
                  TIME.format(each.started().atZone(ZoneId.systemDefault())),
                  state(each),
                  each.exitCode().isPresent() ? each.exitCode().getAsInt() : "-",
                  each.exchanges(),
                  each.failed(),
                  Figures.size(each.bytes()),
                  Printable.line(command(each)))
              .stripTrailing());
    }
  }

  /** What the state is called: {@code running}, {@code ended}, {@code crashed}. */
  private static String state(CaptureFacts facts) {
    return switch (facts.state()) {
      case LIVE -> "running";
      case ENDED -> "ended";
      case CRASHED -> "crashed";
    };
  }

  private static String command(CaptureFacts facts) {
    List<String> masked =
        Redaction.CREDENTIALS.argv(facts.command().stream().map(Launch::text).toList());
    return String.join(" ", masked);
  }

  private void asJson(CaptureFacts facts) {
    var line = new ByteArrayOutputStream();
    try (JsonGenerator json =
        JsonFactory.builder()
            .characterEscapes(TerminalEscapes.JSON)
            .build()
            .createGenerator(ObjectWriteContext.empty(), line)) {
      json.writeStartObject();
      json.writeStringProperty("session", facts.id());
      json.writeStringProperty("file", facts.file().toString());
      json.writeStringProperty("version", facts.version());
      json.writeStringProperty("state", state(facts));
      json.writeStringProperty("started", facts.started().toString());
      facts.ended().ifPresent(at -> json.writeStringProperty("ended", at.toString()));
      facts.cause().ifPresent(cause -> json.writeStringProperty("cause", cause));
      if (facts.exitCode().isPresent()) {
        json.writeNumberProperty("exit_code", facts.exitCode().getAsInt());
      }
      json.writeNumberProperty("exchanges", facts.exchanges());
      json.writeNumberProperty("failed", facts.failed());
      json.writeNumberProperty("bodies_given_up", facts.bodiesGivenUp());
      json.writeNumberProperty("bytes", facts.bytes());
      json.writeBooleanProperty("masked", facts.masked());
      json.writeStringProperty("cwd", facts.directory());
      json.writeArrayPropertyStart("command");
      Redaction.CREDENTIALS
          .argv(facts.command().stream().map(Launch::text).toList())
          .forEach(json::writeString);
      json.writeEndArray();
      json.writeEndObject();
    }
    out.println(line.toString(UTF_8));
  }

  private Leave remove(Captures captures, List<String> words) throws UserError {
    if (words.isEmpty()) {
      throw UserError.usage("sessions rm: name a session; list them with: earshot sessions");
    }
    List<Path> files = new ArrayList<>();
    try {
      // All are looked at before any is removed.
      for (String word : words) {
        Path file = captures.resolve(word);
        CaptureReader.open(file).close();
        files.add(file);
      }
      for (Path file : files) {
        Captures.remove(file);
      }
    } catch (CaptureException | IOException e) {
      throw UserError.of(UserError.FAILURE, "sessions rm: " + e.getMessage());
    }
    return new Leave.WithCode(0);
  }

  private Leave prune(Captures captures, Captures.Keep keep) throws IOException {
    int removed = captures.prune(keep, Instant.now());
    err.println("earshot: removed %d %s".formatted(removed, removed == 1 ? "session" : "sessions"));
    return new Leave.WithCode(0);
  }

  private static Captures.Keep keep(ParseResult parsed) throws UserError {
    var standard = Captures.Keep.DEFAULT;
    int count = standard.count();
    String number = Launch.text(parsed.matchedOptionValue("--keep", String.valueOf(count)));
    if (!number.matches("\\d{1,9}")) {
      throw UserError.badValue("--keep", number, "a number of sessions");
    }
    String size =
        Launch.text(parsed.matchedOptionValue("--max-size", String.valueOf(standard.bytes())));
    return new Captures.Keep(
        Integer.parseInt(number),
        age(parsed, standard.age()),
        Quantities.size(size)
            .orElseThrow(
                () -> UserError.badValue("--max-size", size, "a size such as 500m or 2GiB")));
  }

  private static Duration age(ParseResult parsed, Duration otherwise) throws UserError {
    if (!parsed.hasMatchedOption("--older-than")) {
      return otherwise;
    }
    String text = Launch.text(parsed.matchedOptionValue("--older-than", ""));
    if (text.matches("\\d{1,4}d")) {
      return Duration.ofDays(Integer.parseInt(text.substring(0, text.length() - 1)));
    }
    return Quantities.duration(text)
        .orElseThrow(
            () -> UserError.badValue("--older-than", text, "a duration such as 12h or 7d"));
  }
}
