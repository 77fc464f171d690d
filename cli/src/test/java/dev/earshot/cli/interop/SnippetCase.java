package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.snippet.Snippet;
import dev.earshot.exchange.snippet.SnippetFormat;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A request that was recorded, and what the tools make of it that is not the same.
 *
 * @param target where {@code HOST} stands for the recorder, as in {@code headers}
 * @param body each char is one byte
 * @param sent the headers that the tools are to send, without those that tell the body's length
 * @param tls whether it went over TLS
 * @param targets what else a format sends as its target
 * @param unsendable the formats that say they cannot send it
 * @param rewritten whether all but curl may write the target with other escapes
 * @param unsayable by format, the headers that it says it cannot send
 */
record SnippetCase(
    String name,
    String method,
    String target,
    HttpVersion version,
    List<Header> headers,
    String body,
    List<Header> sent,
    boolean tls,
    String host,
    Map<SnippetFormat, String> targets,
    Set<SnippetFormat> unsendable,
    boolean rewritten,
    Map<SnippetFormat, Set<String>> unsayable) {
  SnippetCase {
    headers = List.copyOf(headers);
    sent = List.copyOf(sent);
    targets = Map.copyOf(targets);
    unsendable = Set.copyOf(unsendable);
    unsayable = Map.copyOf(unsayable);
  }

  /**
   * A request in the clear of HTTP/1.1, all whose headers are sent.
   *
   * @param start method and target
   * @param headers lines; of its own accord there are Host and, with a body, Content-Length
   */
  static SnippetCase of(String name, String start, String body, String... headers) {
    var sent = new ArrayList<Header>();
    sent.add(new Header("Host", "HOST"));
    for (String line : headers) {
      sent.add(header(line));
    }
    var all = new ArrayList<>(sent);
    if (!body.isEmpty()) {
      all.add(new Header("Content-Length", Integer.toString(body.length())));
    }
    int space = start.indexOf(' ');
    return new SnippetCase(
        name,
        start.substring(0, space),
        start.substring(space + 1),
        HttpVersion.HTTP_1_1,
        all,
        body,
        sent,
        false,
        "127.0.0.1",
        Map.of(),
        Set.of(),
        false,
        Map.of());
  }

  /** The same with other lines on the wire than those that are to be sent. */
  SnippetCase recordedAs(String... lines) {
    var all = new ArrayList<Header>();
    for (String line : lines) {
      all.add(header(line));
    }
    return new SnippetCase(
        name,
        method,
        target,
        version,
        all,
        body,
        sent,
        tls,
        host,
        targets,
        unsendable,
        rewritten,
        unsayable);
  }

  /** The headers that the tools are to send, if others than those of {@link #of}. */
  SnippetCase sending(String... lines) {
    var all = new ArrayList<Header>();
    for (String line : lines) {
      all.add(header(line));
    }
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        all,
        tls,
        host,
        targets,
        unsendable,
        rewritten,
        unsayable);
  }

  SnippetCase in(HttpVersion other) {
    return new SnippetCase(
        name,
        method,
        target,
        other,
        headers,
        body,
        sent,
        tls,
        host,
        targets,
        unsendable,
        rewritten,
        unsayable);
  }

  SnippetCase overTls() {
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        sent,
        true,
        "localhost",
        targets,
        unsendable,
        rewritten,
        unsayable);
  }

  SnippetCase at(String address) {
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        sent,
        tls,
        address,
        targets,
        unsendable,
        rewritten,
        unsayable);
  }

  /** What these formats send as the target. */
  SnippetCase becomes(String other, SnippetFormat... formats) {
    var more = new HashMap<>(targets);
    for (SnippetFormat format : formats) {
      more.put(format, other);
    }
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        sent,
        tls,
        host,
        more,
        unsendable,
        rewritten,
        unsayable);
  }

  SnippetCase withAnyEscapes() {
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        sent,
        tls,
        host,
        targets,
        unsendable,
        true,
        unsayable);
  }

  SnippetCase notFor(SnippetFormat... formats) {
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        sent,
        tls,
        host,
        targets,
        Set.of(formats),
        rewritten,
        unsayable);
  }

  SnippetCase without(SnippetFormat format, String... names) {
    var more = new HashMap<>(unsayable);
    more.put(format, Set.of(names));
    return new SnippetCase(
        name,
        method,
        target,
        version,
        headers,
        body,
        sent,
        tls,
        host,
        targets,
        unsendable,
        rewritten,
        more);
  }

  /** The text in a format, for a recorder at this port. */
  String written(SnippetFormat format, int port) throws IOException {
    return written(format, port, body.length());
  }

  /** The same, if only so much of the body was kept. */
  String written(SnippetFormat format, int port, int kept) throws IOException {
    byte[] bytes = body.getBytes(ISO_8859_1);
    String authority = authority(port);
    var exchange =
        new RecordedExchange(
            7,
            1,
            Instant.EPOCH,
            1,
            false,
            ClientProcess.UNKNOWN,
            (tls ? "https://" : "http://") + authority + "/",
            authority,
            new RequestHead(method, filled(target, port), version, filled(headers, port)),
            Optional.empty(),
            new ExchangeEnd.Pending(),
            new Body(bytes.length, kept, kept < bytes.length ? BodyGap.TRUNCATED : BodyGap.NONE),
            Body.EMPTY,
            Optional.empty(),
            false,
            false);
    BodySource bodies = direction -> new ByteArrayInputStream(bytes, 0, kept);
    return format.write(new Snippet(exchange, bodies, Redaction.NONE));
  }

  String authority(int port) {
    return host + ":" + port;
  }

  String targetOf(SnippetFormat format, int port) {
    String own =
        target.startsWith("http://HOST") ? target.substring("http://HOST".length()) : target;
    return filled(targets.getOrDefault(format, own), port);
  }

  List<Header> sentTo(int port) {
    return filled(sent, port);
  }

  private List<Header> filled(List<Header> lines, int port) {
    return lines.stream().map(each -> new Header(each.name(), filled(each.value(), port))).toList();
  }

  private String filled(String text, int port) {
    return text.replace("HOST", authority(port));
  }

  private static Header header(String line) {
    int colon = line.indexOf(':');
    return new Header(line.substring(0, colon), line.substring(colon + 1).strip());
  }

  @Override
  public String toString() {
    return name;
  }
}
