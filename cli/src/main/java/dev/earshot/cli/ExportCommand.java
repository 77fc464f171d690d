package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.content.DecodeLimits;
import dev.earshot.content.DecodedStream;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.filter.Filter;
import dev.earshot.exchange.snippet.Snippet;
import dev.earshot.exchange.snippet.SnippetFormat;
import dev.earshot.session.CaptureView;
import dev.earshot.store.CapturedMessages;
import dev.earshot.store.ExchangeJson;
import dev.earshot.store.HarExport;
import dev.earshot.store.HarRecord;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code earshot export}: a recorded session, or some of it, for other programs. */
final class ExportCommand {
  private static final int NOTHING_FOUND = 1;
  private static final String HAR = "har";
  private static final String NDJSON = "ndjson";

  /** One program each, which cannot stand behind another. */
  private static final List<SnippetFormat> ALONE = List.of(SnippetFormat.FETCH, SnippetFormat.JAVA);

  /** What sends requests again. */
  private static final Set<SnippetFormat> SENDING =
      EnumSet.complementOf(EnumSet.of(SnippetFormat.MARKDOWN));

  private final PrintStream out;
  private final PrintStream err;

  ExportCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  static CommandSpec spec() {
    var spec = CommandSpec.create().name("export");
    spec.usageMessage()
        .description("Writes exchanges of a recorded session for other programs.")
        .customSynopsis("earshot export [-s SESSION] -f FORMAT [--filter EXPR] [-o FILE] [ID...]")
        .footer(
            "",
            "FORMAT: har (HTTP Archive 1.2), ndjson (a line of JSON for each, with bodies),",
            "curl, httpie, fetch, requests, java (text that sends the request again), markdown.",
            "",
            "Examples:",
            "  earshot export -f har -o traffic.har",
            "  earshot export -f curl 12 | sh",
            "",
            "Exit code: 0 something was written, 1 nothing matched, 2 failure.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("ID")
            .description("Numbers of exchanges.")
            .build());
    spec.addOption(RunCommandLine.value("FORMAT", "What to write; see below.", "-f", "--format"));
    spec.addOption(
        RunCommandLine.value("FILE", "Where to (0600) instead of stdout.", "-o", "--output"));
    OpenCapture.addOptionsTo(spec);
    return spec;
  }

  Leave run(ParseResult parsed, Launch launch) throws UserError {
    String format = format(parsed);
    Filter filter = OpenCapture.filter(parsed);
    Redaction redaction = OpenCapture.redaction(parsed);
    List<String> words = parsed.matchedPositionalValue(0, List.of());
    List<Long> ids = new ArrayList<>();
    for (String word : words) {
      ids.add(ShowCommand.id(word));
    }
    if (!ids.isEmpty() && parsed.hasMatchedOption("--filter")) {
      throw UserError.usage("export: IDs and --filter exclude each other; leave one out");
    }
    try (var capture = OpenCapture.of(parsed, launch, err)) {
      Iterator<RecordedExchange> all =
          ids.isEmpty() ? capture.matching(filter) : named(capture, ids).iterator();
      Iterator<RecordedExchange> some =
          ids.isEmpty() && SnippetFormat.named(format).filter(SENDING::contains).isPresent()
              ? withoutTunnels(all)
              : all;
      if (!some.hasNext() && !format.equals(HAR)) {
        err.println("earshot: no exchange of session %s matches".formatted(capture.facts().id()));
        return new Leave.WithCode(NOTHING_FOUND);
      }
      // Before a file is emptied for it.
      Iterator<RecordedExchange> chosen =
          SnippetFormat.named(format).filter(ALONE::contains).isPresent()
              ? only(format, some)
              : some;
      long written = write(parsed, format, capture, chosen, redaction);
      if (all instanceof OpenCapture.Pages pages) {
        pages.warning().ifPresent(line -> err.println("earshot: " + line));
      }
      return new Leave.WithCode(written > 0 ? 0 : NOTHING_FOUND);
    } catch (IOException | UncheckedIOException e) {
      throw UserError.of(UserError.FAILURE, "export: " + e.getMessage());
    }
  }

  private static String format(ParseResult parsed) throws UserError {
    List<String> formats =
        Stream.concat(
                Stream.of(HAR, NDJSON),
                Arrays.stream(SnippetFormat.values()).map(SnippetFormat::wireName))
            .toList();
    String format = Launch.text(parsed.matchedOptionValue("--format", ""));
    if (formats.contains(format)) {
      return format;
    }
    if (format.isEmpty()) {
      throw UserError.usage("export: name a format with -f: " + String.join(", ", formats));
    }
    throw UserError.badValue(
        "-f",
        format,
        Nearest.of(format, formats).map(it -> it + ", or ").orElse("")
            + "one of "
            + String.join(", ", formats));
  }

  private static List<RecordedExchange> named(OpenCapture capture, List<Long> ids)
      throws IOException, UserError {
    List<RecordedExchange> found = new ArrayList<>();
    for (long id : ids) {
      found.add(
          capture
              .reader()
              .exchange(id)
              .orElseThrow(() ->
                  UserError.of(
                      UserError.FAILURE,
                      "export: session %s has no exchange %d; list them with: earshot show"
                          .formatted(capture.facts().id(), id))));
    }
    return found;
  }

  /** Of a tunnel no request is known; one that was asked for by its number says so. */
  private static Iterator<RecordedExchange> withoutTunnels(Iterator<RecordedExchange> all) {
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(all, 0), false)
        .filter(exchange -> exchange.tunnel().isEmpty())
        .iterator();
  }

  private static Iterator<RecordedExchange> only(String format, Iterator<RecordedExchange> chosen)
      throws UserError {
    RecordedExchange first = chosen.next();
    if (chosen.hasNext()) {
      throw UserError.of(
          UserError.FAILURE,
          "export: %s is a program for one exchange, and more than one matches; name one, as in:"
                  .formatted(format)
              + " earshot export -f %s %d".formatted(format, first.id()));
    }
    return List.of(first).iterator();
  }

  private long write(
      ParseResult parsed,
      String format,
      OpenCapture capture,
      Iterator<RecordedExchange> chosen,
      Redaction redaction)
      throws IOException, UserError {
    String file = Launch.text(parsed.matchedOptionValue("--output", ""));
    if (!parsed.hasMatchedOption("--output") || file.equals("-")) {
      return write(out, format, capture, chosen, redaction);
    }
    if (file.isEmpty()) {
      throw UserError.badValue("--output", file, "FILE");
    }
    try (var target =
        new BufferedOutputStream(new EventTarget.File(file).open("--output"), 1 << 16)) {
      return write(target, format, capture, chosen, redaction);
    }
  }

  private long write(
      OutputStream target,
      String format,
      OpenCapture capture,
      Iterator<RecordedExchange> chosen,
      Redaction redaction)
      throws IOException {
    CaptureView view = capture.reader();
    return switch (format) {
      case HAR -> HarExport.write(target, new Records(view, chosen), redaction);
      case NDJSON -> lines(target, view, chosen, redaction);
      default ->
          snippets(target, SnippetFormat.named(format).orElseThrow(), view, chosen, redaction);
    };
  }

  private long lines(
      OutputStream target, CaptureView view, Iterator<RecordedExchange> chosen, Redaction redaction)
      throws IOException {
    var json = new ExchangeJson(redaction, DecodeLimits.DEFAULT);
    long count = 0;
    for (; chosen.hasNext() && !out.checkError(); count++) {
      RecordedExchange next = chosen.next();
      json.line(target, next, view.bodies(next.id()), new CapturedMessages(view, next.id()));
    }
    target.flush();
    return count;
  }

  private long snippets(
      OutputStream target,
      SnippetFormat format,
      CaptureView view,
      Iterator<RecordedExchange> chosen,
      Redaction redaction)
      throws IOException {
    long count = 0;
    for (; chosen.hasNext() && !out.checkError(); count++) {
      RecordedExchange next = chosen.next();
      if (count > 0) {
        target.write('\n');
      }
      BodySource wire = view.bodies(next.id());
      BodySource decoded =
          direction ->
              new DecodedStream(
                  headers(next, direction), wire.open(direction), DecodeLimits.DEFAULT);
      String text = format.write(new Snippet(next, wire, decoded, redaction));
      target.write(text.getBytes(UTF_8));
    }
    target.flush();
    return count;
  }

  private static List<Header> headers(RecordedExchange exchange, Direction direction) {
    return direction == Direction.UP
        ? exchange.request().headers()
        : exchange.response().map(response -> response.head().headers()).orElse(List.of());
  }

  /** Exchanges as an archive wants them. */
  private record Records(CaptureView view, Iterator<RecordedExchange> exchanges)
      implements Iterator<HarRecord> {
    @Override
    public boolean hasNext() {
      return exchanges.hasNext();
    }

    @Override
    public HarRecord next() {
      return HarRecord.of(view, exchanges.next());
    }
  }
}
