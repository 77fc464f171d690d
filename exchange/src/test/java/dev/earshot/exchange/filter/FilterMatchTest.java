package dev.earshot.exchange.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RequestHead;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterMatchTest {
  private static final BodyText BODIES =
      direction ->
          switch (direction) {
            case UP -> "{\"Name\": \"Zoë ÄRGER\"}";
            case DOWN -> "first line\nsecond line: 100%*";
          };

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "api",
        "API.Example",
        "customers?LIMIT",
        "https://api.example.com/v1",
        "\"api.example.com\"",
        "ample omers?l",
        "method:post",
        "METHOD:Post",
        "method:p*",
        "status:201",
        "status=201",
        "status:2xx",
        "status:2XX",
        "status>=201",
        "status>200",
        "status<=201",
        "status<400",
        "-status:404",
        "host:api.example.com",
        "host:*.example.com",
        "host:*.EXAMPLE.*",
        "host:*",
        "-host:example.com",
        "-host:*.ample.com",
        "host:/^api\\./",
        "path:/v1/*",
        "path:/v1/customers",
        "path:/V1/c*s",
        "path:*tomers",
        "path:/v1/customers?limit=3",
        "path:*?limit=*",
        "path:/cust[o]mers$/",
        "-path:/v1",
        "-path:/v1/",
        "type:json",
        "type:problem",
        "type:application/problem+json",
        "type:application/*",
        "-type:*json*x",
        "-type:charset",
        "type:/json$/",
        "header:x-request-id",
        "header:X-TRACE",
        "header:accept=json",
        "header:accept=*/*",
        "header:accept=\"application/json, */*\"",
        "header:x-*=r-42",
        "header:/^x-r/=/^r-\\d+$/",
        "-header:cookie",
        "-header:accept=xml",
        "-header:accept=/^json/",
        "duration>499ms",
        "duration>=500ms",
        "duration:500ms",
        "duration=0.5s",
        "duration<1m",
        "-duration>500ms",
        "size>1k",
        "size:2KiB",
        "size=2048",
        "size<=2k",
        "-size>1MiB",
        "process:node",
        "process:NO*",
        "process:/^no/",
        "-process:no",
        "pid:42",
        "pid>=42",
        "run:1",
        "run<2",
        "proto:h1",
        "proto:http/1.1",
        "-proto:h2",
        "-proto:http/1.0",
        "body:\"zoë ärger\"",
        "body:\"second LINE\"",
        "body:100%*",
        "-body:/line$/",
        "body:/(?m)line$/",
        "-body:third",
        "-is:failed",
        "-is:pending",
        "-is:unowned",
        "-is:tunnel",
        "/customers\\?limit=\\d/",
        "/^api\\.example\\.com$/",
        "/(?i)CUSTOMERS/",
        "-/CUSTOMERS/",
        "api status:2xx",
        "status:404 | api",
        "nothing | status:404 | type:json",
        "api (status:404 | status:201)",
        "-(status:404 | status:500)",
        "-(status:201 status:500)",
        "--api",
        "api|nothing nothing",
      })
  void matchesWhatItSays(String text) throws IOException {
    assertThat(verdict(text, Exchanges.ANSWERED)).isEqualTo(Verdict.MATCHES);
    if (!text.isBlank()) {
      assertThat(verdict("-(" + text + ")", Exchanges.ANSWERED)).isEqualTo(Verdict.DIFFERS);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "host:localhost; PENDING",
        "host:localhost:8080; PENDING",
        "host:*:8080; PENDING",
        "host:LOCAL*; PENDING",
        "-host:localhost:80; PENDING",
        "localhost:8080; PENDING",
        "localhost:8080/slow; PENDING",
        "http://localhost; PENDING",
        "host:[::1]; EMPTY",
        "host:[::1]:3000; EMPTY",
        "-host:[; EMPTY",
        "path:/a%20b/; EMPTY",
        "'path:\"/a%20b/\"'; EMPTY",
        "path:/*/; EMPTY",
        "-path:/; EMPTY",
        "path:/; FAILED",
        "-type:json; EMPTY",
        "-type:*; EMPTY",
        "size:0; EMPTY",
        "duration>0; EMPTY",
        "duration:0.001ms; EMPTY",
        "-header:content-type; EMPTY",
        "status:204; EMPTY",
        "is:pending; PENDING",
        "-is:failed; PENDING",
        "is:pending; RECEIVING",
        "is:sse; RECEIVING",
        "is:truncated; RECEIVING",
        "type:event-stream; RECEIVING",
        "status:200; RECEIVING",
        "-status:404; RECEIVING",
        "proto:h2; RECEIVING",
        "proto:http/2; RECEIVING",
        "header:content-type=event; RECEIVING",
        "-header:accept; RECEIVING",
        "is:failed; FAILED",
        "IS:FAILED; FAILED",
        "duration:2s; FAILED",
        "-header:accept; FAILED",
        "-body:x; FAILED",
        "is:tunnel; TUNNEL",
        "is:replayed is:marked is:unowned; TUNNEL",
        "-is:truncated; TUNNEL",
        "size>1MiB; TUNNEL",
        "duration>1m; TUNNEL",
        "method:connect; TUNNEL",
        "run:2; TUNNEL",
        "proto:http/1.0 proto:h1; TUNNEL",
      })
  void matchesOthers(String text, String exchange) throws IOException {
    assertThat(verdict(text, named(exchange))).isEqualTo(Verdict.MATCHES);
  }

  @ParameterizedTest
  @CsvSource({
    "status:404, PENDING",
    "status:4xx, PENDING",
    "status>=100, PENDING",
    "duration>1s, PENDING",
    "duration<1h, RECEIVING",
    "size<1, PENDING",
    "size>1MiB, RECEIVING",
    "type:json, PENDING",
    "header:accept, PENDING",
    "header:accept=x, PENDING",
    "body:x, PENDING",
    "body:x, RECEIVING",
    "status:200, FAILED",
    "status:5xx, FAILED",
    "size:0, FAILED",
    "type:json, FAILED",
    "status:200, TUNNEL",
    "pid:1, TUNNEL",
    "process:node, TUNNEL",
  })
  void whatIsNotThereIsFalseAlsoIfNegated(String text, String name) throws IOException {
    RecordedExchange exchange = named(name);
    for (String form :
        List.of(
            "%s", "-%s", "--%s", "-(%s)", "(%s | %1$s)", "-(%s %1$s)", "-(-%s | is:marked x)")) {
      assertThat(FilterParsers.parsed(form.formatted(text)).match(exchange, _ -> ""))
          .as(form)
          .isEqualTo(Verdict.DIFFERS);
    }
    assertThat(verdict("-" + text + " | -is:grpc", exchange)).isEqualTo(Verdict.MATCHES);
    assertThat(verdict("-(" + text + " is:grpc)", exchange)).isEqualTo(Verdict.MATCHES);
  }

  @Test
  void webSocketsAndCallsOfGrpcAreToldByTheirHeads() throws IOException {
    Header upgrade = new Header("Upgrade", "WebSocket");
    RequestHead asked = Exchanges.get("/", upgrade);
    RequestHead h2 =
        new RequestHead(
            "CONNECT", "/", HttpVersion.HTTP_2, List.of(new Header(":protocol", "websocket")));
    Header grpc = new Header("content-type", "application/grpc+proto");
    assertThat(is("websocket", asked, Exchanges.response(101, upgrade))).isTrue();
    assertThat(is("websocket", asked, Exchanges.response(101))).isFalse();
    assertThat(is("websocket", asked, Exchanges.response(400, upgrade))).isFalse();
    assertThat(is("websocket", h2, Exchanges.response(200))).isTrue();
    assertThat(is("websocket", h2, Exchanges.response(403))).isFalse();
    assertThat(is("grpc", Exchanges.get("/", grpc), Exchanges.response(200))).isTrue();
    assertThat(is("grpc", Exchanges.get("/"), Exchanges.response(200, grpc))).isTrue();
    assertThat(is("grpc", Exchanges.get("/"), Exchanges.response(200))).isFalse();
  }

  private static boolean is(String word, RequestHead request, RecordedExchange.Response response)
      throws IOException {
    return verdict(
            "is:" + word,
            Exchanges.exchange(
                "http://h/",
                "h",
                request,
                Optional.of(response),
                Exchanges.finished(Duration.ZERO),
                Body.EMPTY))
        .matches();
  }

  @Test
  void bodiesAreAskedOnlyIfTheyDecideAndOnce() throws IOException {
    BodyText none = direction -> fail("asked for the body " + direction);
    Filter unasked =
        FilterParsers.parsed(
            "-(body:x status:404) (body:/y/ | api) -(-(api | body:z)) (status:2xx | -body:x)");
    assertThat(unasked.asksBodies()).isTrue();
    assertThat(unasked.match(Exchanges.ANSWERED, none)).isEqualTo(Verdict.MATCHES);
    List<Direction> asked = new ArrayList<>();
    Filter filter = FilterParsers.parsed("-body:x -body:y");
    BodyText counted =
        direction -> {
          asked.add(direction);
          return "";
        };
    assertThat(filter.match(Exchanges.ANSWERED, counted)).isEqualTo(Verdict.MATCHES);
    assertThat(asked).containsExactly(Direction.UP, Direction.DOWN);
    assertThat(FilterParsers.parsed("api -header:x").asksBodies()).isFalse();
  }

  @Test
  void aBodyThatCannotBeReadIsTold() {
    BodyText broken =
        _ -> {
          throw new IOException("gone");
        };
    Filter filter = FilterParsers.parsed("body:x");
    assertThatThrownBy(() -> filter.match(Exchanges.ANSWERED, broken)).hasMessage("gone");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/(a+)+$/",
        "/(a|a)*$/",
        "/(a|aa)+$/",
        "/(.*a){20}x/",
        "/^(([a-z])+.)+[A-Z]([a-z])+$/",
        "/(?=(a+))(a*)*b\\1/",
        "/(a?){100}b/",
      })
  void aHostileExpressionGivesUp(String regex) {
    String text = "a".repeat(50_000) + "!";
    for (String form : List.of("body:%s", "-body:%s")) {
      Filter filter = FilterParsers.parsed(form.formatted(regex));
      Verdict verdict =
          assertTimeoutPreemptively(
              Duration.ofSeconds(20), () -> filter.match(Exchanges.ANSWERED, _ -> text));
      assertThat(verdict).as(form).isEqualTo(Verdict.GAVE_UP);
      assertThat(verdict.matches()).isFalse();
    }
  }

  @Test
  void whatDecidesWithoutTheHostileOneDecides() throws IOException {
    BodyText text = _ -> "a".repeat(10_000) + "!";
    assertThat(FilterParsers.parsed("body:/(a+)+$/ | api").match(Exchanges.ANSWERED, text))
        .isEqualTo(Verdict.MATCHES);
    assertThat(FilterParsers.parsed("body:/(a+)+$/ | body:!").match(Exchanges.ANSWERED, text))
        .isEqualTo(Verdict.MATCHES);
  }

  @Test
  void longTextInLongBodiesTakesLinearTime() {
    Filter filter = FilterParsers.parsed("body:" + "a".repeat(4_000) + "b");
    String text = "a".repeat(4_000_000);
    assertThat(
            assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> filter.match(Exchanges.ANSWERED, _ -> text)))
        .isEqualTo(Verdict.DIFFERS);
    assertThat(
            assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> filter.match(Exchanges.ANSWERED, _ -> text + "B")))
        .isEqualTo(Verdict.MATCHES);
  }

  private static RecordedExchange named(String name) {
    return switch (name) {
      case "PENDING" -> Exchanges.PENDING;
      case "RECEIVING" -> Exchanges.RECEIVING;
      case "FAILED" -> Exchanges.FAILED;
      case "EMPTY" -> Exchanges.EMPTY;
      case "TUNNEL" -> Exchanges.TUNNEL;
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static Verdict verdict(String text, RecordedExchange exchange) throws IOException {
    return FilterParsers.parsed(text).match(exchange, BODIES);
  }
}
