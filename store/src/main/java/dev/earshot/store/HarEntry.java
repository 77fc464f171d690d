package dev.earshot.store;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.core.JsonGenerator;

/**
 * Writes one exchange as an entry of an HTTP Archive 1.2; {@code docs/har.md} says what is where.
 * It reads the bodies in pieces, and needs memory for none of them as a whole.
 */
public final class HarEntry {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final int DECIMALS = 3;
  private static final int NOT_MODIFIED = 304;

  private final JsonGenerator out;
  private final RecordedExchange exchange;
  private final BodySource bodies;
  private final Redaction redaction;
  private final HarMask mask;

  private HarEntry(
      JsonGenerator out, RecordedExchange exchange, BodySource bodies, Redaction redaction) {
    this.out = out;
    this.exchange = exchange;
    this.bodies = bodies;
    this.redaction = redaction;
    this.mask = new HarMask(redaction);
  }

  /**
   * Writes the entry as one JSON object.
   *
   * @param messages those of the exchange, in the order in which they were passed; gone through
   *     once, and only if it is a WebSocket or a stream of events
   * @param bodies of which each may be opened four times
   * @throws IOException if a body that could be read before cannot be read any more; the document
   *     is broken then
   */
  public static void write(
      JsonGenerator out,
      RecordedExchange exchange,
      Iterable<RecordedMessage> messages,
      BodySource bodies,
      Redaction redaction)
      throws IOException {
    new HarEntry(out, exchange, bodies, redaction).entry(messages);
  }

  private void entry(Iterable<RecordedMessage> messages) throws IOException {
    HarTimings timings = HarTimings.of(exchange);
    out.writeStartObject();
    out.writeStringProperty("startedDateTime", TIME.format(exchange.startedAt()));
    millis("time", timings.time());
    request();
    response();
    out.writeObjectPropertyStart("cache");
    out.writeEndObject();
    timings(timings);
    exchange.response().ifPresent(it -> address(it.remote()));
    out.writeStringProperty("connection", Long.toString(exchange.connection()));
    new HarMessages(out, mask).write(exchange, messages);
    ours();
    out.writeEndObject();
  }

  /** Fields that only this program writes. */
  private void ours() {
    out.writeNumberProperty("_id", exchange.id());
    out.writeNumberProperty("_run", exchange.run());
    out.writeObjectPropertyStart("_process");
    exchange.client().pid().ifPresent(pid -> out.writeNumberProperty("pid", pid));
    exchange.client().name().ifPresent(name -> out.writeStringProperty("name", name));
    out.writeBooleanProperty("owned", exchange.client().owned());
    out.writeEndObject();
    exchange.tunnel().ifPresent(why -> out.writeStringProperty("_tunnel", why.wireName()));
    trueOnly("_replayed", exchange.replayed());
    trueOnly("_marked", exchange.marked());
    trueOnly("_pending", exchange.end() instanceof ExchangeEnd.Pending);
  }

  private void request() throws IOException {
    RequestHead head = exchange.request();
    List<Header> headers = redaction.headers(head.headers());
    String url = HarUrl.absolute(redaction.url(HarUrl.of(exchange)), exchange);
    out.writeObjectPropertyStart("request");
    out.writeStringProperty("method", head.method());
    out.writeStringProperty("url", url);
    out.writeStringProperty("httpVersion", version(head.version()));
    out.writeArrayPropertyStart("cookies");
    for (String value : Headers.all(headers, "Cookie")) {
      HarCookies.sent(HarJson.text(value)).forEach(this::cookie);
    }
    out.writeEndArray();
    headers("headers", headers);
    pairs("queryString", HarUrl.query(url));
    out.writeNumberProperty("headersSize", HarUrl.headSize(head));
    out.writeNumberProperty("bodySize", exchange.requestBody().bytes());
    if (exchange.tunnel().isEmpty() && exchange.requestBody().bytes() > 0 && !isWebSocket()) {
      requestBody(head, HarJson.text(HarBody.mimeType(headers)));
    }
    out.writeEndObject();
  }

  private void requestBody(RequestHead head, String mimeType) throws IOException {
    var body = HarBody.of(head.headers(), exchange.requestBody(), Direction.UP, bodies, mask);
    if (body.isBytes()) {
      // An archive has no place for bytes in a request; this one is HTTP Toolkit's.
      out.writeObjectPropertyStart("_content");
      out.writeNumberProperty("size", body.size());
      out.writeStringProperty("mimeType", mimeType);
      out.writeStringProperty("encoding", "base64");
    } else {
      out.writeObjectPropertyStart("postData");
      out.writeStringProperty("mimeType", mimeType);
    }
    Optional<String> form =
        mimeType.toLowerCase(Locale.ROOT).startsWith(HarMask.FORM) ? body.held() : Optional.empty();
    if (form.isPresent()) {
      pairs("params", HarUrl.form(form.get()));
    } else {
      out.writeName("text");
      body.write(out);
    }
    said(body);
    out.writeEndObject();
  }

  private void response() throws IOException {
    out.writeObjectPropertyStart("response");
    var known = exchange.response();
    if (known.isPresent()) {
      response(known.get().head());
    } else if (exchange.tunnel().isPresent() && exchange.end() instanceof ExchangeEnd.Finished) {
      response(new ResponseHead(HttpVersion.HTTP_1_1, 200, "Connection Established", List.of()));
    } else {
      noResponse();
    }
    if (exchange.end() instanceof ExchangeEnd.Failed(_, var error, var detail)) {
      out.writeStringProperty("_error", redaction.text(error.wireName() + ": " + detail));
    }
    out.writeEndObject();
  }

  private void response(ResponseHead head) throws IOException {
    List<Header> headers = redaction.headers(head.headers());
    Body body = exchange.responseBody();
    long headersSize = HarUrl.headSize(head);
    long bodySize = head.status() == NOT_MODIFIED ? 0 : body.bytes();
    out.writeNumberProperty("status", head.status());
    out.writeStringProperty("statusText", redaction.text(HarJson.text(head.reason())));
    out.writeStringProperty("httpVersion", version(head.version()));
    out.writeArrayPropertyStart("cookies");
    Instant at = exchange.startedAt();
    for (String value : Headers.all(headers, "Set-Cookie")) {
      cookie(HarCookies.set(HarJson.text(value), at));
    }
    out.writeEndArray();
    headers("headers", headers);
    out.writeObjectPropertyStart("content");
    if (exchange.tunnel().isPresent() || isWebSocket()) {
      out.writeNumberProperty("size", 0);
      out.writeStringProperty("mimeType", "");
    } else {
      content(head, HarJson.text(HarBody.mimeType(headers)), body);
    }
    out.writeEndObject();
    out.writeStringProperty(
        "redirectURL", HarJson.text(Headers.first(headers, "Location").orElse("")));
    out.writeNumberProperty("headersSize", headersSize);
    out.writeNumberProperty("bodySize", bodySize);
    out.writeNumberProperty("_transferSize", Math.max(headersSize, 0) + bodySize);
    if (exchange.end() instanceof ExchangeEnd.Finished finished && !finished.trailers().isEmpty()) {
      headers("_trailers", redaction.headers(finished.trailers()));
    }
  }

  private void content(ResponseHead head, String mimeType, Body kept) throws IOException {
    var body = HarBody.of(head.headers(), kept, Direction.DOWN, bodies, mask);
    // The proxy saw all of it, also what was not kept.
    OptionalLong decoded =
        exchange.end() instanceof ExchangeEnd.Finished finished
            ? finished.responseDecodedBytes()
            : OptionalLong.empty();
    long size = decoded.orElse(body.size());
    long saved = size - kept.bytes();
    out.writeNumberProperty("size", size);
    if ((decoded.isPresent() || body.isDecoded()) && kept.bytes() > 0 && saved >= 0) {
      out.writeNumberProperty("compression", saved);
    }
    out.writeStringProperty("mimeType", mimeType);
    if (body.isText() || body.isBytes()) {
      out.writeName("text");
      body.write(out);
    }
    if (body.isBytes()) {
      out.writeStringProperty("encoding", "base64");
    }
    said(body);
  }

  /** Importers know the second version by the name that browsers write. */
  private static String version(HttpVersion version) {
    return version == HttpVersion.HTTP_2 ? "HTTP/2.0" : version.text();
  }

  private void noResponse() {
    out.writeNumberProperty("status", 0);
    out.writeStringProperty("statusText", "");
    out.writeStringProperty("httpVersion", "");
    out.writeArrayPropertyStart("cookies");
    out.writeEndArray();
    out.writeArrayPropertyStart("headers");
    out.writeEndArray();
    out.writeObjectPropertyStart("content");
    out.writeNumberProperty("size", 0);
    out.writeStringProperty("mimeType", "");
    out.writeEndObject();
    out.writeStringProperty("redirectURL", "");
    out.writeNumberProperty("headersSize", -1);
    out.writeNumberProperty("bodySize", -1);
    out.writeNumberProperty("_transferSize", 0);
  }

  private void said(HarBody body) {
    if (!body.comment().isEmpty()) {
      out.writeStringProperty("comment", body.comment());
    }
    trueOnly("_truncated", body.isCut());
  }

  private void timings(HarTimings timings) {
    out.writeObjectPropertyStart("timings");
    millis("blocked", timings.blocked());
    millis("dns", timings.dns());
    millis("connect", timings.connect());
    millis("ssl", timings.ssl());
    millis("send", timings.send());
    millis("wait", timings.waiting());
    millis("receive", timings.receive());
    out.writeEndObject();
  }

  /** Milliseconds with three decimals; -1 for what did not take place. */
  private void millis(String name, long micros) {
    if (micros < 0) {
      out.writeNumberProperty(name, -1);
    } else {
      out.writeNumberProperty(name, BigDecimal.valueOf(micros, DECIMALS));
    }
  }

  /** Without the port, and an IPv6 address without brackets. */
  private void address(String remote) {
    int colon = remote.lastIndexOf(':');
    String host = colon < 0 ? remote : remote.substring(0, colon);
    boolean brackets = host.startsWith("[") && host.endsWith("]");
    out.writeStringProperty(
        "serverIPAddress", brackets ? host.substring(1, host.length() - 1) : host);
  }

  private void headers(String name, List<Header> headers) {
    out.writeArrayPropertyStart(name);
    for (Header header : headers) {
      pair(header.name(), HarJson.text(header.value()));
    }
    out.writeEndArray();
  }

  private void pairs(String name, List<HarUrl.Pair> pairs) {
    out.writeArrayPropertyStart(name);
    pairs.forEach(it -> pair(it.name(), it.value()));
    out.writeEndArray();
  }

  private void pair(String name, String value) {
    out.writeStartObject();
    out.writeStringProperty("name", name);
    out.writeStringProperty("value", value);
    out.writeEndObject();
  }

  private void cookie(HarCookies.Cookie cookie) {
    out.writeStartObject();
    out.writeStringProperty("name", cookie.name());
    out.writeStringProperty("value", cookie.value());
    cookie.path().ifPresent(it -> out.writeStringProperty("path", it));
    cookie.domain().ifPresent(it -> out.writeStringProperty("domain", it));
    cookie.expires().ifPresent(it -> out.writeStringProperty("expires", TIME.format(it)));
    out.writeBooleanProperty("httpOnly", cookie.httpOnly());
    out.writeBooleanProperty("secure", cookie.secure());
    cookie.sameSite().ifPresent(it -> out.writeStringProperty("sameSite", it));
    out.writeEndObject();
  }

  private void trueOnly(String name, boolean value) {
    if (value) {
      out.writeBooleanProperty(name, true);
    }
  }

  private boolean isWebSocket() {
    return HarMessages.isWebSocket(exchange);
  }
}
