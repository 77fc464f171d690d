package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TunnelReason;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExchangeTableTest {
  private static final Timings TIMINGS = new Timings(0, -1, -1, -1, 0, 0, 0);
  private static final ExchangeEnd DONE =
      new ExchangeEnd.Finished(Duration.ofMillis(38), OptionalLong.empty(), List.of(), TIMINGS);

  @ParameterizedTest
  @CsvSource({
    "0, 0b",
    "310, 310b",
    "1023, 1023b",
    "1024, 1.0k",
    "1280, 1.3k",
    "10240, 10k",
    "1023487, 999k",
    "1048000, 1.0M",
    "9223372036854775807, 8.0E"
  })
  void sizesAreShort(long bytes, String text) {
    assertThat(Figures.size(bytes)).isEqualTo(text).hasSizeLessThanOrEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0.0ms",
    "400, 0.4ms",
    "38000, 38ms",
    "999400, 999ms",
    "999600, 1.00s",
    "12345000, 12.3s",
    "99960000, 1m39s",
    "123000000, 2m03s",
    "18420000000, 5h07m"
  })
  void timesAreShort(long micros, String text) {
    assertThat(Figures.time(Duration.ofNanos(micros * 1000)))
        .isEqualTo(text)
        .hasSizeLessThanOrEqualTo(7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          abc       | 3 | abc
          abcd      | 3 | ab…
          日本語     | 6 | 日本語
          日本語     | 5 | 日本…
          日本語     | 4 | 日…
          é́a       | 2 | é́a
          😀😀      | 3 | 😀…
          """)
  void textIsCutByCells(String text, int cells, String kept) {
    assertThat(Cells.cut(text, cells)).isEqualTo(kept);
    assertThat(Cells.of(Cells.left(text, cells))).isEqualTo(cells);
    assertThat(Cells.of(Cells.right(text, cells))).isEqualTo(cells);
  }

  @ParameterizedTest
  @CsvSource({"20", "40", "60", "80", "120", "200"})
  void noLineIsWiderThanTheTerminalThatHasRoomForTheColumns(int width) {
    var table = new ExchangeTable(OptionalInt.of(width), Palette.NONE, Redaction.NONE, 90);
    for (RecordedExchange each : all()) {
      assertThat(Cells.of(table.row(each))).isLessThanOrEqualTo(Math.max(width, 44));
    }
  }

  @Test
  void withoutATerminalNothingOfThePathIsCutAndNothingIsColoured() {
    var table = new ExchangeTable(OptionalInt.empty(), Palette.NONE, Redaction.NONE, 9);
    assertThat(table.header()).isEqualTo("   ID METHOD      CODE   SIZE    TIME HOST      PATH");
    assertThat(all().stream().map(table::row))
        .containsExactly(
            "    1 GET          200   1.3k    38ms 127.0.0.1 /v1/" + "x".repeat(300),
            "    2 POST           …      -       … 127.0.0.1 /a?token=hunter2hunter2",
            "    3 GET        reset      -   5.0ms 127.0.0.1 /",
            "    4 CONNECT   tunnel    90b    38ms 127.0.0.1 127.0.0.1:443");
  }

  @Test
  void secretsAreMaskedAndWhatIsHostileIsShown() {
    var table = new ExchangeTable(OptionalInt.empty(), new Palette(true), Redaction.CREDENTIALS, 9);
    var hostile =
        exchange(9, "GET", "http://127.0.0.1/\u001b]0;x\u0007?token=hunter2hunter2", DONE, 500);
    assertThat(table.row(hostile))
        .contains("\u001b[31m     500\u001b[0m")
        .doesNotContain("hunter2")
        .doesNotContain("\u001b]")
        .doesNotContain("\u0007");
  }

  private static List<RecordedExchange> all() {
    return List.of(
        exchange(1, "GET", "http://127.0.0.1/v1/" + "x".repeat(300), DONE, 200),
        exchange(
            2, "POST", "http://127.0.0.1/a?token=hunter2hunter2", new ExchangeEnd.Pending(), 0),
        exchange(
            3,
            "GET",
            "http://127.0.0.1/",
            new ExchangeEnd.Failed(Duration.ofMillis(5), FailureKind.RESET, "reset"),
            0),
        tunnel());
  }

  private static RecordedExchange tunnel() {
    var plain = exchange(4, "CONNECT", "127.0.0.1:443", DONE, 0);
    return new RecordedExchange(
        4,
        1,
        plain.startedAt(),
        1,
        false,
        plain.client(),
        plain.url(),
        plain.host(),
        plain.request(),
        Optional.empty(),
        DONE,
        Body.EMPTY,
        new Body(90, 0, BodyGap.NONE),
        Optional.of(TunnelReason.PASSTHROUGH),
        false,
        false);
  }

  private static RecordedExchange exchange(
      long id, String method, String url, ExchangeEnd end, int status) {
    return new RecordedExchange(
        id,
        1,
        Instant.EPOCH,
        1,
        false,
        ClientProcess.UNKNOWN,
        url,
        "127.0.0.1",
        new RequestHead(method, "/", HttpVersion.HTTP_1_1, List.of()),
        status == 0
            ? Optional.empty()
            : Optional.of(
                new RecordedExchange.Response(
                    new ResponseHead(HttpVersion.HTTP_1_1, status, "", List.of()),
                    "127.0.0.1:80",
                    Duration.ofMillis(5))),
        end,
        Body.EMPTY,
        new Body(1280, 1280, BodyGap.NONE),
        Optional.empty(),
        false,
        false);
  }
}
