package dev.earshot.store;

import static dev.earshot.exchange.Redaction.CREDENTIALS;
import static dev.earshot.exchange.Redaction.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TunnelReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Field by field what becomes of each kind of exchange; every archive is read by all readers. */
class HarEntryTest {
  private static final String URL = "https://api.example.com/items";

  /** {@code brotli -c} of {@code {"br":true}} and a newline. */
  private static final String BR = "8f05807b226272223a747275657d0a03";

  private static byte[] gzip(String text) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static JsonNode plain(Exchange exchange) throws Exception {
    return Hars.entry(NONE, exchange.record());
  }

  private static JsonNode masked(Exchange exchange) throws Exception {
    return Hars.entry(CREDENTIALS, exchange.record());
  }

  private static void is(JsonNode node, String path, String json) {
    assertThat(node.at(path)).as(path).isEqualTo(Hars.JSON.readTree(json));
  }

  private static void isAbsent(JsonNode node, String path) {
    assertThat(node.at(path).isMissingNode()).as(path + " is absent").isTrue();
  }

  @Test
  void aPlainOne() throws Exception {
    var entry =
        plain(
            Exchange.get("https://api.example.com/items?a=1#there")
                .asking("Host", "api.example.com")
                .answering("Server", "x")
                .body("text/plain", "hello \u20ac \ud83d\ude00 \"\\\n\u0001"));
    is(entry, "/startedDateTime", "\"2026-03-01T10:20:30.123456Z\"");
    is(entry, "/time", "47.000");
    is(entry, "/serverIPAddress", "\"93.184.216.34\"");
    is(entry, "/connection", "\"3\"");
    is(entry, "/request/url", "\"https://api.example.com/items?a=1\"");
    is(entry, "/request/method", "\"GET\"");
    is(entry, "/request/httpVersion", "\"HTTP/1.1\"");
    String request = "GET /items?a=1 HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
    is(entry, "/request/headersSize", "" + request.length());
    is(entry, "/request/bodySize", "0");
    is(entry, "/request/headers", "[{\"name\":\"Host\",\"value\":\"api.example.com\"}]");
    isAbsent(entry, "/request/postData");
    String head = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\n\r\n";
    is(entry, "/response/headersSize", "" + head.length());
    is(entry, "/response/status", "200");
    is(entry, "/response/statusText", "\"OK\"");
    is(entry, "/response/bodySize", "19");
    is(entry, "/response/_transferSize", "" + (head.length() + 19));
    is(entry, "/response/redirectURL", "\"\"");
    is(
        entry,
        "/response/content",
        "{\"size\":19,\"mimeType\":\"text/plain\","
            + "\"text\":\"hello \u20ac \ud83d\ude00 \\\"\\\\\\n\\u0001\"}");
    is(
        entry,
        "/timings",
        "{\"blocked\":1.000,\"dns\":2.000,\"connect\":7.500,\"ssl\":4.500,\"send\":0.500,"
            + "\"wait\":30.000,\"receive\":6.000}");
    is(entry, "/_process", "{\"pid\":4711,\"name\":\"node\",\"owned\":true}");
    is(entry, "/_id", "7");
    is(entry, "/_run", "1");
  }

  @Test
  void aContentCodingIsTakenOff() throws Exception {
    String json = "{\"a\":\"" + "b".repeat(500) + "\"}";
    byte[] body = gzip(json);
    var entry =
        plain(
            Exchange.get(URL)
                .answering("Content-Encoding", "gzip")
                .body("application/json", body)
                .decodedTo(json.length()));
    is(entry, "/response/content/size", "" + json.length());
    is(entry, "/response/content/compression", "" + (json.length() - body.length));
    is(entry, "/response/bodySize", "" + body.length);
    assertThat(entry.at("/response/content/text").asString()).isEqualTo(json);
    isAbsent(entry, "/response/content/encoding");
  }

  @Test
  void brotliTooButWhatItDidNotSaveIsNotTold() throws Exception {
    byte[] br = HexFormat.of().parseHex(BR);
    var entry = plain(Exchange.get(URL).answering("Content-Encoding", "br").body("", br));
    assertThat(entry.at("/response/content/text").asString()).isEqualTo("{\"br\":true}\n");
    is(entry, "/response/content/size", "12");
    isAbsent(entry, "/response/content/compression");
    is(entry, "/response/content/mimeType", "\"\"");
  }

  @Test
  void bytesThatAreNoTextAreInBase64() throws Exception {
    for (int size : List.of(1, 2, 3, 4, 12 * 1024, 12 * 1024 + 1, 100_001)) {
      byte[] bytes = new byte[size];
      new Random(size).nextBytes(bytes);
      bytes[0] = (byte) 0xFF;
      var entry = plain(Exchange.get(URL).body("image/png", bytes));
      is(entry, "/response/content/encoding", "\"base64\"");
      is(entry, "/response/content/size", "" + size);
      assertThat(Base64.getDecoder().decode(entry.at("/response/content/text").asString()))
          .isEqualTo(bytes);
    }
  }

  @Test
  void itsCharsetIsHeeded() throws Exception {
    byte[] latin = "\u00e4\u00f6".getBytes(StandardCharsets.ISO_8859_1);
    byte[] wide = "\u00e4\ud83d\ude00".getBytes(StandardCharsets.UTF_16);
    var one = plain(Exchange.get(URL).body("text/plain; charset=\"ISO-8859-1\"", latin));
    is(one, "/response/content/text", "\"\u00e4\u00f6\"");
    is(one, "/response/content/size", "2");
    var other = plain(Exchange.get(URL).body("text/plain;charset=utf-16", wide));
    is(other, "/response/content/text", "\"\u00e4\ud83d\ude00\"");
    var unknown = plain(Exchange.get(URL).body("text/plain;charset=none-such", "\u00e4"));
    is(unknown, "/response/content/text", "\"\u00e4\"");
  }

  @Test
  void longTextIsWrittenInPiecesAndIsTheSame() throws Exception {
    var text = new StringBuilder("x");
    while (text.length() < 700_000) {
      text.append("\ud83d\ude00\u20ac\n\t\"\\\u0000z");
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    for (var redaction : List.of(NONE, CREDENTIALS)) {
      var entry = Hars.entry(redaction, Exchange.get(URL).body("text/plain", bytes).record());
      assertThat(entry.at("/response/content/text").asString()).isEqualTo(text.toString());
      isAbsent(entry, "/response/content/comment");
    }
  }

  @Test
  void withoutABody() throws Exception {
    var none = plain(Exchange.get(URL).status(204, "No Content"));
    is(none, "/response/content", "{\"size\":0,\"mimeType\":\"\"}");
    is(none, "/response/bodySize", "0");
    var head =
        plain(
            Exchange.get(URL)
                .method("HEAD")
                .answering("Content-Encoding", "gzip")
                .answering("Content-Length", "500"));
    is(head, "/response/content", "{\"size\":0,\"mimeType\":\"\"}");
    is(head, "/response/bodySize", "0");
    is(plain(Exchange.get(URL).status(304, "Not Modified")), "/response/bodySize", "0");
  }

  @Test
  void aRedirect() throws Exception {
    var entry = plain(Exchange.get(URL).status(302, "Found").answering("location", "/next?x=1"));
    is(entry, "/response/redirectURL", "\"/next?x=1\"");
  }

  @Test
  void oneThatFailed() throws Exception {
    var early =
        masked(Exchange.get(URL).failed(FailureKind.CONNECT, "refused by http://u:pw@h/", false));
    is(early, "/response/status", "0");
    is(early, "/response/_error", "\"connect: refused by http://***@h/\"");
    is(early, "/response/bodySize", "-1");
    is(early, "/response/headersSize", "-1");
    is(early, "/time", "50.000");
    is(
        early,
        "/timings",
        "{\"blocked\":-1,\"dns\":-1,\"connect\":-1,\"ssl\":-1,\"send\":0.000,\"wait\":50.000,"
            + "\"receive\":0.000}");
    isAbsent(early, "/serverIPAddress");
    var late =
        plain(
            Exchange.get(URL)
                .body("text/plain", "half")
                .failed(FailureKind.RESET, "by the upstream", true));
    is(late, "/response/status", "200");
    is(late, "/response/_error", "\"reset: by the upstream\"");
    is(late, "/response/content/text", "\"half\"");
    is(late, "/timings/wait", "40.000");
    is(late, "/timings/receive", "10.000");
    var pending = plain(Exchange.get(URL).pending());
    is(pending, "/_pending", "true");
    is(pending, "/time", "0.000");
    is(pending, "/response/status", "0");
  }

  @Test
  void oneOfWhichNotAllWasKept() throws Exception {
    var cut =
        plain(Exchange.get(URL).body("text/plain", "ab\u20accd").keeping(4, BodyGap.TRUNCATED));
    is(cut, "/response/content/text", "\"ab\"");
    is(cut, "/response/content/size", "7");
    is(cut, "/response/content/_truncated", "true");
    is(cut, "/response/content/comment", "\"truncated: 4 of 7 bytes were kept, see --max-body\"");
    String json = "{\"a\":\"" + "bcdefg".repeat(5000) + "\"}";
    byte[] body = gzip(json);
    var coded =
        plain(
            Exchange.get(URL)
                .answering("Content-Encoding", "gzip")
                .body("application/json", body)
                .decodedTo(json.length())
                .keeping(body.length - 20, BodyGap.TRUNCATED));
    assertThat(json).startsWith(coded.at("/response/content/text").asString());
    assertThat(coded.at("/response/content/text").asString()).hasSizeGreaterThan(1000);
    is(coded, "/response/content/size", "" + json.length());
    is(coded, "/response/content/compression", "" + (json.length() - body.length));
    var lost = plain(Exchange.get(URL).body("text/plain", "abc").keeping(0, BodyGap.GIVEN_UP));
    isAbsent(lost, "/response/content/text");
    is(
        lost,
        "/response/content/comment",
        "\"truncated: 0 of 3 bytes were kept, the disk could not keep up\"");
  }

  @Test
  void whatCannotBeDecodedIsThereAsItWasOnTheWire() throws Exception {
    byte[] bytes = {1, 2, 3, (byte) 0xFF};
    for (String coding : List.of("gzip", "unheard-of")) {
      var exchange =
          Exchange.get(URL).answering("Content-Encoding", coding).body("text/plain", bytes);
      var entry = plain(exchange);
      is(entry, "/response/content/text", "\"AQID/w==\"");
      is(entry, "/response/content/encoding", "\"base64\"");
      is(entry, "/response/content/size", "4");
      isAbsent(entry, "/response/content/compression");
      assertThat(entry.at("/response/content/comment").asString())
          .startsWith("its content coding could not be taken off: ");
      var masked = masked(exchange);
      isAbsent(masked, "/response/content/text");
      assertThat(masked.at("/response/content/comment").asString()).contains("left out: ");
    }
  }

  @Test
  void oneOfHttp2OverAReusedConnection() throws Exception {
    var entry =
        plain(
            Exchange.get(URL)
                .over(HttpVersion.HTTP_2)
                .status(200, "")
                .from("[2001:db8::1]:443")
                .body("text/plain", "ab")
                .trailer("grpc-status", "0")
                .reused());
    is(entry, "/request/httpVersion", "\"HTTP/2.0\"");
    is(entry, "/request/headersSize", "-1");
    is(entry, "/response/headersSize", "-1");
    is(entry, "/response/_transferSize", "2");
    is(entry, "/serverIPAddress", "\"2001:db8::1\"");
    is(entry, "/response/_trailers", "[{\"name\":\"grpc-status\",\"value\":\"0\"}]");
    is(
        entry,
        "/timings",
        "{\"blocked\":0.000,\"dns\":-1,\"connect\":-1,\"ssl\":-1,\"send\":1.000,\"wait\":2.000,"
            + "\"receive\":3.000}");
    var odd = plain(Exchange.get(URL).timings(new Timings(-1, -1, -1, 5_000_000, -1, -1, -1)));
    is(odd, "/timings/connect", "5.000");
    is(odd, "/timings/send", "0.000");
  }

  @Test
  void cookiesOfBothWays() throws Exception {
    var entry =
        plain(
            Exchange.get(URL)
                .asking("Cookie", "a=1; b=\"x=y\";flag")
                .answering(
                    "Set-Cookie",
                    "id=v; Path=/p; Domain=example.com; Expires=Wed, 09 Jun 2027 10:18:14 GMT;"
                        + " HttpOnly; Secure; SameSite=Lax")
                .answering(
                    "Set-Cookie", "short=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
                .answering("Set-Cookie", "plain=; expires=never"));
    is(
        entry,
        "/request/cookies",
        "[{\"name\":\"a\",\"value\":\"1\",\"httpOnly\":false,\"secure\":false},"
            + "{\"name\":\"b\",\"value\":\"\\\"x=y\\\"\",\"httpOnly\":false,\"secure\":false},"
            + "{\"name\":\"\",\"value\":\"flag\",\"httpOnly\":false,\"secure\":false}]");
    is(
        entry,
        "/response/cookies/0",
        "{\"name\":\"id\",\"value\":\"v\",\"path\":\"/p\",\"domain\":\"example.com\","
            + "\"expires\":\"2027-06-09T10:18:14.000000Z\",\"httpOnly\":true,\"secure\":true,"
            + "\"sameSite\":\"Lax\"}");
    is(entry, "/response/cookies/1/expires", "\"2026-03-01T10:21:30.123456Z\"");
    isAbsent(entry, "/response/cookies/2/expires");
  }

  @Test
  void datesOfCookiesInAnyForm() {
    for (String date :
        List.of(
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 nov 94 8:49:37 utc x")) {
      assertThat(HarCookies.date(date)).as(date).hasToString("Optional[1994-11-06T08:49:37Z]");
    }
    for (String date :
        List.of("", "never", "32 Nov 1994 08:49:37", "Nov 1994", "6 Nov 94 25:00:00")) {
      assertThat(HarCookies.date(date)).as(date).isEmpty();
    }
  }

  @Test
  void aFormAndAQuery() throws Exception {
    var entry =
        plain(
            Exchange.post(
                "https://h.example/p?q=a+b&q=%E2%82%AC&empty=&flag&%zz=%4",
                "application/x-www-form-urlencoded; charset=utf-8", "name=J%C3%B6rg+M&name=2&x="));
    is(
        entry,
        "/request/queryString",
        "[{\"name\":\"q\",\"value\":\"a b\"},{\"name\":\"q\",\"value\":\"\u20ac\"},"
            + "{\"name\":\"empty\",\"value\":\"\"},{\"name\":\"flag\",\"value\":\"\"},"
            + "{\"name\":\"%zz\",\"value\":\"%4\"}]");
    is(
        entry,
        "/request/postData/params",
        "[{\"name\":\"name\",\"value\":\"J\u00f6rg M\"},{\"name\":\"name\",\"value\":\"2\"},"
            + "{\"name\":\"x\",\"value\":\"\"}]");
    isAbsent(entry, "/request/postData/text");
    is(entry, "/request/bodySize", "26");
  }

  @Test
  void otherBodiesOfRequests() throws Exception {
    String field = "--B\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n";
    String parts = field.formatted("a", "1") + field.formatted("password", "s3same") + "--B--\r\n";
    var exchange = Exchange.post(URL, "multipart/form-data; boundary=B", parts);
    is(plain(exchange), "/request/postData/text", Hars.JSON.writeValueAsString(parts));
    is(
        masked(exchange),
        "/request/postData/text",
        Hars.JSON.writeValueAsString(parts.replace("s3same", "***")));
    byte[] bytes = {(byte) 0xC3, 0, 1};
    var binary = plain(Exchange.post(URL, "application/octet-stream", bytes));
    isAbsent(binary, "/request/postData");
    is(
        binary,
        "/request/_content",
        "{\"size\":3,\"mimeType\":\"application/octet-stream\",\"encoding\":\"base64\","
            + "\"text\":\"wwAB\"}");
    var coded =
        plain(
            Exchange.post(URL, "application/json", gzip("{\"z\":1}"))
                .asking("Content-Encoding", "gzip"));
    is(coded, "/request/postData/text", "\"{\\\"z\\\":1}\"");
  }

  @Test
  void aWebSocket() throws Exception {
    var entry =
        masked(
            Exchange.get("https://h.example/ws")
                .asking("Upgrade", "websocket")
                .status(101, "Switching Protocols")
                .body("", new byte[] {(byte) 0x81, 1, 'x'})
                .message(Direction.UP, MessageKind.WS_TEXT, "{\"token\":\"abcdef\",\"n\":1}")
                .message(Direction.DOWN, MessageKind.WS_TEXT, "hello")
                .binary(Direction.DOWN, 5)
                .message(Direction.UP, MessageKind.WS_CLOSE, "1000 bye now"));
    is(entry, "/_resourceType", "\"websocket\"");
    is(
        entry,
        "/_webSocketMessages",
        "[{\"type\":\"send\",\"time\":1772360430.124456,\"opcode\":1,"
            + "\"data\":\"{\\\"token\\\":\\\"***\\\",\\\"n\\\":1}\"},"
            + "{\"type\":\"receive\",\"time\":1772360430.125456,\"opcode\":1,\"data\":\"hello\"},"
            + "{\"type\":\"receive\",\"time\":1772360430.126456,\"opcode\":2,\"data\":\"\","
            + "\"_bytes\":5,\"_truncated\":true}]");
    is(entry, "/_webSocketClose", "{\"code\":1000,\"reason\":\"bye now\",\"type\":\"send\"}");
    is(entry, "/response/content", "{\"size\":0,\"mimeType\":\"\"}");
    var two =
        plain(
            Exchange.get("https://h.example/ws")
                .method("CONNECT")
                .over(HttpVersion.HTTP_2)
                .asking(":protocol", "websocket")
                .message(Direction.UP, MessageKind.WS_CLOSE, "odd"));
    is(two, "/_webSocketMessages", "[]");
    is(two, "/_webSocketClose", "{\"type\":\"send\"}");
  }

  @Test
  void aStreamOfEvents() throws Exception {
    var entry =
        plain(
            Exchange.get(URL)
                .body("text/event-stream", "event: tick\ndata: 1\ndata: 2\n\ndata: 3\n\n")
                .message(Direction.DOWN, MessageKind.SSE, "event: tick\n1\n2")
                .message(Direction.DOWN, MessageKind.SSE, "3"));
    is(entry, "/_resourceType", "\"eventsource\"");
    is(
        entry,
        "/_eventSourceMessages",
        "[{\"time\":1772360430.124456,\"eventName\":\"tick\",\"eventId\":\"\",\"data\":\"1\\n2\"},"
            + "{\"time\":1772360430.125456,\"eventName\":\"message\",\"eventId\":\"\","
            + "\"data\":\"3\"}]");
    assertThat(entry.at("/response/content/text").asString()).startsWith("event: tick");
  }

  @Test
  void aTunnel() throws Exception {
    var entry =
        plain(Exchange.get("https://pinned.example:8443").tunnel(TunnelReason.PASSTHROUGH, 10, 20));
    is(entry, "/request/method", "\"CONNECT\"");
    is(entry, "/request/url", "\"https://pinned.example:8443\"");
    is(entry, "/request/bodySize", "10");
    is(entry, "/response/status", "200");
    is(entry, "/response/bodySize", "20");
    is(entry, "/_tunnel", "\"passthrough\"");
    isAbsent(entry, "/request/postData");
    isAbsent(entry, "/response/content/text");
    var bare = plain(Exchange.get("pinned.example:443").tunnel(TunnelReason.NOT_TLS, 0, 0));
    is(bare, "/request/url", "\"https://pinned.example:443\"");
  }

  @Test
  void secretsAreMaskedInEveryField() throws Exception {
    String secret = "s3cr3tvalue";
    String text =
        Hars.export(
            CREDENTIALS,
            Exchange.post(
                    "https://u:" + secret + "@h.example/p?access_token=" + secret + "&page=2",
                    "application/x-www-form-urlencoded",
                    "user=me&password=" + secret)
                .asking("Authorization", "Bearer " + secret)
                .asking("Cookie", "sid=" + secret)
                .answering("Set-Cookie", "sid=" + secret + "; Path=/")
                .answering("Location", "https://h.example/?token=" + secret)
                .body(
                    "application/json",
                    "{\"password\":\"a\\\"%s\",\"access_token\":\"%s\"}".formatted(secret, secret))
                .trailer("X-Api-Key", secret)
                .record());
    var har = Hars.read(text);
    assertThat(text).doesNotContain(secret).contains("page=2").contains("user");
    is(har, "/log/_masked", "\"credentials\"");
    is(har, "/log/comment", "\"Credentials are masked: *** stands in their place.\"");
    is(
        har,
        "/log/entries/0/response/content/text",
        "\"{\\\"password\\\":\\\"***\\\",\\\"access_token\\\":\\\"***\\\"}\"");
    is(
        har,
        "/log/entries/0/request/postData/params",
        "[{\"name\":\"user\",\"value\":\"me\"},{\"name\":\"password\",\"value\":\"***\"}]");
    var open = Hars.read(Hars.export(NONE, Exchange.get(URL).record()));
    isAbsent(open, "/log/_masked");
    isAbsent(open, "/log/comment");
  }

  @Test
  void whatIsTooLongToBeMaskedIsLeftOutIfItHoldsASecret() throws Exception {
    String filler = "{\"n\":\"" + "lorem ipsum ".repeat(30_000) + "\"}\n";
    for (String secret :
        List.of(
            "{\"password\":\"x1y2\"}", "<a:Password type='t'>x1y2</a:Password>", "token=x1y2z3")) {
      for (String body : List.of(secret + filler, filler + secret, filler + secret + filler)) {
        var text = masked(Exchange.get(URL).body("application/json", body));
        isAbsent(text, "/response/content/text");
        assertThat(text.at("/response/content/comment").asString()).startsWith("left out: ");
        is(text, "/response/content/_truncated", "true");
        var bytes =
            masked(
                Exchange.get(URL).body("", (body + "\ud800").getBytes(StandardCharsets.UTF_16LE)));
        isAbsent(bytes, "/response/content/text");
      }
    }
    var harmless = masked(Exchange.get(URL).body("application/json", filler));
    assertThat(harmless.at("/response/content/text").asString()).isEqualTo(filler);
  }

  @Test
  void aShortBodyThatIsNoTextButHoldsASecretIsLeftOut() throws Exception {
    byte[] bytes = "\u00ff{\"password\":\"x1y2\"}".getBytes(StandardCharsets.ISO_8859_1);
    isAbsent(masked(Exchange.get(URL).body("application/json", bytes)), "/response/content/text");
  }

  /** Bytes can be text in more than one charset. */
  @Test
  void aWrongCharsetHidesNoSecret() throws Exception {
    String type = "application/json; charset=utf-16";
    String secret = "{\"password\":\"x1y2\",\"abcd\":1}";
    isAbsent(masked(Exchange.get(URL).body(type, secret)), "/response/content/text");
    var harmless = masked(Exchange.get(URL).body(type, "{\"a\":10}"));
    assertThat(harmless.at("/response/content/text").asString()).isNotEmpty();
    var right = masked(Exchange.get(URL).body(type, secret.getBytes(StandardCharsets.UTF_16)));
    is(right, "/response/content/text", "\"{\\\"password\\\":\\\"***\\\",\\\"abcd\\\":1}\"");
  }

  @Test
  void oneThatCannotBeReadIsThereWithoutIts() throws Exception {
    var record = Exchange.get(URL).body("text/plain", "abc").record();
    var broken =
        new HarRecord(
            record.exchange(),
            record.messages(),
            _ -> {
              throw new IOException("disk");
            });
    var entry = Hars.entry(NONE, broken);
    is(entry, "/response/content/comment", "\"left out: its record could not be read\"");
    is(entry, "/response/content/size", "3");
  }

  @Test
  void headersAreTextWhereTheyAreUtf8() throws Exception {
    String utf8 =
        new String("\u20ac".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    var entry = plain(Exchange.get(URL).answering("A", utf8).answering("B", "\u00e4"));
    is(entry, "/response/headers/0/value", "\"\u20ac\"");
    is(entry, "/response/headers/1/value", "\"\u00e4\"");
  }
}
