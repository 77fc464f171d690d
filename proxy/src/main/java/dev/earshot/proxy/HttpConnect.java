package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.ArrayList;
import java.util.List;

/** CONNECT, by which an HTTP proxy is asked for a tunnel (RFC 9110 section 9.3.6). */
record HttpConnect(UpstreamProxy.Http proxy, Target target) implements ProxyDialogue {
  @Override
  public String opening() {
    String authority = target.hostAndPort();
    List<Header> headers = new ArrayList<>();
    headers.add(new Header("Host", authority));
    proxy
        .credentials()
        .ifPresent(known -> headers.add(new Header("Proxy-Authorization", known.basic())));
    return HeadWriter.text(new RequestHead("CONNECT", authority, HttpVersion.HTTP_1_1, headers));
  }

  @Override
  public Step read(byte[] bytes, int length) {
    return switch (HeadParser.response(bytes, length)) {
      case ParsedHead.NeedMore<ResponseHead>() -> new Step.NeedMore();
      case ParsedHead.Malformed<ResponseHead>(var reason, _) ->
          new Step.Failed(
              "its answer to CONNECT is malformed (%s): %s"
                  .formatted(reason, hint(bytes[0], proxy.tls())));
      case ParsedHead.Complete<ResponseHead>(var answer, var consumed) ->
          answer.status() / 100 == 2
              ? new Step.Open(consumed)
              : new Step.Failed(ProxyRefusal.ofConnect(proxy, answer));
    };
  }

  private static String hint(byte first, boolean tls) {
    return switch (first) {
      case 4, 5 -> "it seems to speak SOCKS, as in socks5://";
      case 0x15, 0x16 -> tls ? "is it an HTTP proxy?" : "it seems to speak TLS, as in https://";
      default -> "is it an HTTP proxy?";
    };
  }
}
