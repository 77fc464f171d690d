package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.net.InetAddress;
import java.util.Optional;

/** CONNECT in SOCKS 5 (RFC 1928), with a user name and password where there is one (RFC 1929). */
final class Socks5Connect implements ProxyDialogue {
  private static final int VERSION = 5;
  private static final int NO_AUTHENTICATION = 0;
  private static final int USER_PASSWORD = 2;
  private static final int NOTHING_ACCEPTABLE = 0xff;
  private static final int IPV4 = 1;
  private static final int NAME = 3;
  private static final int IPV6 = 4;

  private enum State {
    CHOICE,
    AUTHENTICATION,
    REPLY
  }

  private final UpstreamProxy.Socks5 proxy;
  private final String destination;
  private State state = State.CHOICE;

  /**
   * Makes a dialogue.
   *
   * @param address of the target's host; empty to have the proxy resolve its name
   */
  Socks5Connect(UpstreamProxy.Socks5 proxy, Target target, Optional<InetAddress> address) {
    this.proxy = proxy;
    this.destination =
        address.map(Socks5Connect::literal).orElseGet(() -> name(target.host()))
            + Socks.port(target.port());
  }

  private static String literal(InetAddress address) {
    byte[] bytes = address.getAddress();
    return Socks.octets(bytes.length == 4 ? IPV4 : IPV6) + new String(bytes, ISO_8859_1);
  }

  private static String name(String host) {
    return Socks.octets(NAME) + Socks.counted(host);
  }

  @Override
  public String opening() {
    return proxy.credentials().isPresent()
        ? Socks.octets(VERSION, 2, NO_AUTHENTICATION, USER_PASSWORD)
        : Socks.octets(VERSION, 1, NO_AUTHENTICATION);
  }

  @Override
  public Step read(byte[] bytes, int length) {
    if (length > 0 && state != State.AUTHENTICATION && bytes[0] != VERSION) {
      return new Step.Failed(Socks.notSocks(VERSION, bytes[0]));
    }
    if (length < 2) {
      return new Step.NeedMore();
    }
    int second = bytes[1] & 0xff;
    return switch (state) {
      case CHOICE -> chosen(second);
      case AUTHENTICATION ->
          second == 0
              ? ask()
              : new Step.Failed(
                  "it refuses the user name or the password: give them as " + proxy.form());
      case REPLY -> second == 0 ? opened(bytes, length) : new Step.Failed(reason(second));
    };
  }

  private Step chosen(int method) {
    Optional<UpstreamProxy.Credentials> known = proxy.credentials();
    if (method == NO_AUTHENTICATION) {
      return ask();
    }
    if (method == USER_PASSWORD && known.isPresent()) {
      state = State.AUTHENTICATION;
      return new Step.Say(
          Socks.octets(1)
              + Socks.counted(known.get().userBytes())
              + Socks.counted(known.get().passwordBytes()),
          2);
    }
    if (method != NOTHING_ACCEPTABLE) {
      return new Step.Failed(
          "it chose an authentication that was not offered (%d)".formatted(method));
    }
    return new Step.Failed(
        known.isPresent()
            ? "it accepts neither a client without credentials nor a user name and password"
            : "it needs credentials: give them as " + proxy.form());
  }

  private Step ask() {
    state = State.REPLY;
    return new Step.Say(Socks.octets(VERSION, 1, 0) + destination, 2);
  }

  /** The address that is bound is of no use, but what follows it is. */
  private static Step opened(byte[] bytes, int length) {
    if (length < 5) {
      return new Step.NeedMore();
    }
    int address =
        switch (bytes[3]) {
          case IPV4 -> 4;
          case IPV6 -> 16;
          case NAME -> 1 + (bytes[4] & 0xff);
          default -> -1;
        };
    if (address < 0) {
      return new Step.Failed("its answer is not SOCKS 5: address type %d".formatted(bytes[3]));
    }
    int end = 4 + address + 2;
    return length < end ? new Step.NeedMore() : new Step.Open(end);
  }

  /** RFC 1928 section 6. */
  private static String reason(int code) {
    String words =
        switch (code) {
          case 1 -> "general failure";
          case 2 -> "not allowed by its rules";
          case 3 -> "network unreachable";
          case 4 -> "host unreachable";
          case 5 -> "connection refused";
          case 6 -> "TTL expired";
          case 7 -> "command not supported";
          case 8 -> "address type not supported";
          default -> "unknown reason";
        };
    return "it says: %s (SOCKS reply %d)".formatted(words, code);
  }
}
