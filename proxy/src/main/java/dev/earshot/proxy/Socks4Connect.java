package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.net.InetAddress;
import java.util.Optional;

/** CONNECT in SOCKS 4, or 4A, in which the proxy resolves the name. */
final class Socks4Connect implements ProxyDialogue {
  private static final int VERSION = 4;
  private static final int CONNECT = 1;
  private static final int LENGTH = 8;

  private final UpstreamProxy.Socks4 proxy;
  private final Target target;
  private final Optional<InetAddress> address;

  /**
   * Makes a dialogue.
   *
   * @param address of the target's host, of IPv4; empty to have the proxy resolve its name
   */
  Socks4Connect(UpstreamProxy.Socks4 proxy, Target target, Optional<InetAddress> address) {
    this.proxy = proxy;
    this.target = target;
    this.address = address;
  }

  @Override
  public String opening() {
    String user = proxy.credentials().map(UpstreamProxy.Credentials::userBytes).orElse("");
    // An address that cannot be (0.0.0.x) says that the name follows.
    String where =
        address.map(known -> new String(known.getAddress(), ISO_8859_1)).orElse("\0\0\0\1");
    return Socks.octets(VERSION, CONNECT)
        + Socks.port(target.port())
        + where
        + user
        + "\0"
        + (address.isPresent() ? "" : target.host() + "\0");
  }

  @Override
  public Step read(byte[] bytes, int length) {
    if (length > 0 && bytes[0] != 0) {
      return new Step.Failed(Socks.notSocks(VERSION, bytes[0]));
    }
    if (length < LENGTH) {
      return new Step.NeedMore();
    }
    int code = bytes[1] & 0xff;
    return switch (code) {
      case 90 -> new Step.Open(LENGTH);
      case 91 -> new Step.Failed("it rejected the request or failed (SOCKS reply 91)");
      case 92, 93 ->
          new Step.Failed("it does not accept the user name (SOCKS reply %d)".formatted(code));
      default ->
          new Step.Failed("it refused for an unknown reason (SOCKS reply %d)".formatted(code));
    };
  }
}
