package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A report of one exchange for an issue. Captured text is within fences longer than any run of
 * backticks in it, and without control characters and those that change its direction.
 */
final class MarkdownReport {
  /** The most characters of a body that are shown. */
  private static final int LONGEST_BODY = 16 * 1024;

  /** The most chars of one line of a head. */
  private static final int LONGEST_LINE = 2 * 1024;

  /** The most lines of a head. */
  private static final int MOST_LINES = 100;

  private final Snippet snippet;
  private final RecordedExchange exchange;
  private final Redaction redaction;
  private final StringBuilder out = new StringBuilder();
  private boolean masked;

  private MarkdownReport(Snippet snippet) {
    this.snippet = snippet;
    this.exchange = snippet.exchange();
    this.redaction = snippet.redaction();
  }

  static String write(Snippet snippet) throws IOException {
    var report = new MarkdownReport(snippet);
    report.write();
    String first = report.masked ? "*masked: " + Notes.profile(snippet.redaction()) + "*\n\n" : "";
    return first + report.out;
  }

  private void write() throws IOException {
    RequestHead request = exchange.request();
    out.append("### Exchange ").append(exchange.id()).append("\n\n");
    fence("", request.method() + " " + masked(exchange.url(), redaction.url(exchange.url())));
    facts().forEach(fact -> out.append("- ").append(fact).append('\n'));
    out.append("\n#### Request\n\n");
    String target = masked(request.target(), redaction.url(request.target()));
    head(request.method() + " " + target + " " + request.version().text(), request.headers());
    body(Direction.UP, exchange.requestBody(), request.headers());
    if (exchange.response().isPresent()) {
      ResponseHead response = exchange.response().get().head();
      out.append("\n#### Response\n\n");
      head(
          (response.version().text() + " " + response.status() + " " + response.reason()).strip(),
          response.headers());
      body(Direction.DOWN, exchange.responseBody(), response.headers());
    }
    if (exchange.end() instanceof ExchangeEnd.Finished finished && !finished.trailers().isEmpty()) {
      out.append("\n#### Trailers\n\n");
      fence("http", lines(finished.trailers()));
    }
    if (exchange.end() instanceof ExchangeEnd.Failed failed) {
      out.append("\n#### Failure\n\n");
      fence("", masked(failed.detail(), redaction.text(failed.detail())));
    }
  }

  /** Lines in our own words. */
  private List<String> facts() {
    var facts = new ArrayList<String>();
    facts.add("started " + exchange.startedAt().truncatedTo(ChronoUnit.MILLIS));
    exchange.tunnel().ifPresent(_ -> facts.add("a tunnel: what it carried was not looked at"));
    exchange
        .response()
        .ifPresent(response ->
            facts.add(
                "status %d after %s"
                    .formatted(response.head().status(), ms(response.sinceStart()))));
    switch (exchange.end()) {
      case ExchangeEnd.Finished finished -> {
        facts.add("finished after " + ms(finished.duration()) + phases(finished.timings()));
      }
      case ExchangeEnd.Failed failed ->
          facts.add(
              "failed after %s: %s".formatted(ms(failed.duration()), failed.error().wireName()));
      case ExchangeEnd.Pending _ -> facts.add("not ended");
    }
    facts.add("request body %d bytes".formatted(exchange.requestBody().bytes()));
    facts.add("response body %d bytes".formatted(exchange.responseBody().bytes()));
    return facts;
  }

  private void head(String startLine, List<Header> headers) {
    fence("http", line(startLine) + "\n" + lines(headers));
  }

  private String lines(List<Header> headers) {
    List<Header> shown = redaction.headers(headers);
    masked |= !shown.equals(headers);
    var lines = new StringBuilder();
    for (Header header : shown.subList(0, Math.min(shown.size(), MOST_LINES))) {
      Optional<String> value = PlainText.utf8(header.value());
      lines.append(line(header.name() + ": " + value.orElse(header.value()))).append('\n');
    }
    if (shown.size() > MOST_LINES) {
      lines.append("(%d more)\n".formatted(shown.size() - MOST_LINES));
    }
    return lines.toString();
  }

  private static String line(String text) {
    return text.length() <= LONGEST_LINE
        ? text
        : text.substring(0, LONGEST_LINE)
            + " (%d more characters)".formatted(text.length() - LONGEST_LINE);
  }

  private void body(Direction direction, Body body, List<Header> headers) throws IOException {
    if (body.bytes() == 0) {
      return;
    }
    if (body.gap() == BodyGap.MASKED) {
      masked = true;
      out.append("\nThe body was masked as a whole.\n");
      return;
    }
    byte[] bytes;
    try (InputStream in = snippet.decoded().open(direction)) {
      bytes = in.readNBytes(BodyMask.LONGEST);
    }
    Optional<String> text = text(bytes);
    if (text.isEmpty()) {
      out.append("\nThe body is not text.\n");
      return;
    }
    String whole =
        switch (new BodyMask(redaction, headers).applyDecoded(text.get().getBytes(UTF_8))) {
          case BodyMask.Result.Same _ -> text.get();
          case BodyMask.Result.Masked(String hidden) -> masked(text.get(), hidden);
          case BodyMask.Result.Unknown _ -> masked(text.get(), Redaction.MASK);
        };
    out.append('\n');
    // After masking, so that no secret is cut into what does not look like one.
    String shown =
        whole.substring(
            0,
            whole.offsetByCodePoints(
                0, Math.min(LONGEST_BODY, whole.codePointCount(0, whole.length()))));
    fence(language(headers), shown);
    if (body.isCut() || bytes.length == BodyMask.LONGEST || shown.length() < whole.length()) {
      out.append("\nOnly the beginning of the body is here.\n");
    }
  }

  /** The text, of which the last character may have been cut into. */
  private static Optional<String> text(byte[] bytes) {
    for (int less = 0; less <= Math.min(3, bytes.length); less++) {
      Optional<String> text = PlainText.utf8(Arrays.copyOf(bytes, bytes.length - less));
      if (text.isPresent()) {
        return text.filter(found -> found.indexOf('\0') < 0);
      }
    }
    return Optional.empty();
  }

  private static String language(List<Header> headers) {
    String type = BodyMask.type(headers);
    if (type.endsWith("json")) {
      return "json";
    }
    return type.endsWith("xml") ? "xml" : type.equals("text/html") ? "html" : "";
  }

  private void fence(String language, String captured) {
    String text = visible(captured.replace("\r\n", "\n"));
    String ticks = "`".repeat(Math.max(3, longestRun(text) + 1));
    out.append(ticks)
        .append(language)
        .append('\n')
        .append(text)
        .append(text.endsWith("\n") ? "" : "\n")
        .append(ticks)
        .append('\n');
  }

  private static int longestRun(String text) {
    int longest = 0;
    int run = 0;
    for (int at = 0; at < text.length(); at++) {
      run = text.charAt(at) == '`' ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }

  /** With an escape for what is not seen. */
  private static String visible(String text) {
    var seen = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          if (c == '\n' || c == '\t' || PlainText.isPlain(c)) {
            seen.appendCodePoint(c);
          } else {
            seen.append(String.format(Locale.ROOT, "\\u{%x}", c));
          }
        });
    return seen.toString();
  }

  private String masked(String before, String after) {
    masked |= !after.equals(before);
    return after;
  }

  private static String phases(Timings timings) {
    var phases = new ArrayList<String>();
    phase(phases, "blocked", timings.blocked());
    phase(phases, "dns", timings.dns());
    phase(phases, "connect", timings.connect());
    phase(phases, "tls", timings.tls());
    phase(phases, "send", timings.send());
    phase(phases, "wait", timings.waiting());
    phase(phases, "receive", timings.receive());
    return phases.isEmpty() ? "" : " (" + String.join(", ", phases) + ")";
  }

  private static void phase(List<String> out, String name, long nanos) {
    if (nanos != Timings.NOT_APPLICABLE) {
      out.add(name + " " + ms(Duration.ofNanos(nanos)));
    }
  }

  private static String ms(Duration duration) {
    return String.format(Locale.ROOT, "%.1f ms", duration.toNanos() / 1e6);
  }
}
