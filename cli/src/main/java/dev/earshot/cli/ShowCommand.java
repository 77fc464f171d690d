package dev.earshot.cli;

import dev.earshot.content.DecodeLimits;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.filter.Filter;
import dev.earshot.process.OwnTerminal;
import dev.earshot.store.CapturedMessages;
import dev.earshot.store.ExchangeJson;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.ZoneId;
import java.util.OptionalInt;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code earshot show}: lists a recorded session, or prints one of its exchanges. */
final class ShowCommand {
  private static final int STDOUT = 1;
  private static final int NOTHING_FOUND = 1;

  private final PrintStream out;
  private final PrintStream err;

  ShowCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  static CommandSpec spec() {
    var spec = CommandSpec.create().name("show");
    spec.usageMessage()
        .description("Lists the exchanges of a recorded session, or prints one of them.")
        .customSynopsis("earshot show [-s SESSION] [ID] [--filter EXPR] [--json]")
        .footer(
            "",
            "Examples:",
            "  earshot show                                what the last session called",
            "  earshot show 12                             one exchange, with its bodies",
            "  earshot show --filter 'status>=400 -host:localhost'",
            "  earshot show --json | jq .url               a line of JSON for each",
            "",
            "Exit code: 0 something was found, 1 nothing, 2 failure.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("ID")
            .description("The number of an exchange.")
            .build());
    spec.addOption(
        RunCommandLine.flag("Lines of JSON; of one exchange with bodies and messages.", "--json"));
    OpenCapture.addOptionsTo(spec);
    return spec;
  }

  Leave run(ParseResult parsed, Launch launch) throws UserError {
    Filter filter = OpenCapture.filter(parsed);
    Redaction redaction = OpenCapture.redaction(parsed);
    boolean one = parsed.hasMatchedPositional(0);
    if (one && parsed.hasMatchedOption("--filter")) {
      throw UserError.usage("show: an ID and --filter exclude each other; leave one out");
    }
    long id = one ? id(parsed.matchedPositionalValue(0, "")) : 0;
    try (var capture = OpenCapture.of(parsed, launch, err)) {
      boolean json = parsed.hasMatchedOption("--json");
      var palette = Palette.ofStandardOutput(launch.environmentText());
      if (one) {
        return json ? asJson(capture, id, redaction) : asText(capture, id, palette, redaction);
      }
      return list(capture, filter, redaction, palette, json);
    } catch (IOException | UncheckedIOException e) {
      throw UserError.of(UserError.FAILURE, "show: " + e.getMessage());
    }
  }

  static long id(String text) throws UserError {
    if (!text.matches("\\d{1,18}") || Long.parseLong(text) == 0) {
      throw UserError.badValue(
          "ID", Launch.text(text), "the number of an exchange, as in: earshot show");
    }
    return Long.parseLong(text);
  }

  private Leave list(
      OpenCapture capture, Filter filter, Redaction redaction, Palette palette, boolean json)
      throws IOException {
    var all = capture.matching(filter);
    var lines = new ExchangeJson(redaction, DecodeLimits.DEFAULT);
    boolean any = all.hasNext();
    if (any && !json) {
      var table = new ExchangeTable(width(), palette, redaction, capture.reader().longestHost());
      out.println(table.header());
      while (all.hasNext() && !out.checkError()) {
        out.println(table.row(all.next()));
      }
    }
    while (json && all.hasNext() && !out.checkError()) {
      lines.line(out, all.next());
    }
    all.warning().ifPresent(line -> err.println("earshot: " + line));
    if (!any) {
      err.println(
          "earshot: "
              + (filter.equals(Filter.everything())
                  ? "session %s has no exchanges".formatted(capture.facts().id())
                  : "no exchange of session %s matches".formatted(capture.facts().id())));
    }
    return new Leave.WithCode(any ? 0 : NOTHING_FOUND);
  }

  private Leave asText(OpenCapture capture, long id, Palette palette, Redaction redaction)
      throws IOException {
    var exchange = capture.reader().exchange(id);
    if (exchange.isEmpty()) {
      return notFound(capture, id);
    }
    new ExchangeText(out, palette, redaction, ZoneId.systemDefault())
        .print(
            exchange.get(),
            capture.reader().bodies(id),
            new CapturedMessages(capture.reader(), id));
    return new Leave.WithCode(0);
  }

  private Leave asJson(OpenCapture capture, long id, Redaction redaction) throws IOException {
    var exchange = capture.reader().exchange(id);
    if (exchange.isEmpty()) {
      return notFound(capture, id);
    }
    RecordedExchange found = exchange.get();
    new ExchangeJson(redaction, DecodeLimits.DEFAULT)
        .line(out, found, capture.reader().bodies(id), new CapturedMessages(capture.reader(), id));
    return new Leave.WithCode(0);
  }

  private Leave notFound(OpenCapture capture, long id) throws IOException {
    err.println(
        "earshot: session %s has no exchange %d; it has %d"
            .formatted(capture.facts().id(), id, capture.reader().count()));
    return new Leave.WithCode(NOTHING_FOUND);
  }

  private static OptionalInt width() {
    try (var terminal = OwnTerminal.of(STDOUT).orElse(null)) {
      return terminal == null
          ? OptionalInt.empty()
          : OptionalInt.of(Math.max(terminal.size().columns(), 1));
    }
  }
}
