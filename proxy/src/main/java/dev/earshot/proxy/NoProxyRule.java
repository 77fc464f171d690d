package dev.earshot.proxy;

import io.netty.util.NetUtil;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One entry of a {@code no_proxy} variable: {@code *} (everything), {@code example.com} (it and
 * what is below it), {@code .example.com} or {@code *.example.com} (only what is below it), an
 * address, a CIDR block; each but the last with an optional port. Names are not resolved.
 *
 * @param pattern the entry without its port
 * @param port the port, or -1 for any
 */
public record NoProxyRule(Pattern pattern, int port) {
  private static final int ANY_PORT = -1;

  /** What a rule compares. */
  public sealed interface Pattern {
    /** Every host. */
    record Everything() implements Pattern {}

    /** A name, in lower case and without a leading dot; perhaps only what is below it. */
    record Name(String suffix, boolean onlyBelow) implements Pattern {}

    /** The addresses whose first bits are these; the bytes are hexadecimal, 8 or 32 digits. */
    record Block(String addressHex, int bits) implements Pattern {}
  }

  /** The rules of a list separated by commas or white space; what cannot be read covers nothing. */
  public static List<NoProxyRule> parse(String list) {
    return Stream.of(list.split("[,\\s]+"))
        .filter(entry -> !entry.isEmpty())
        .flatMap(entry -> parseOne(entry).stream())
        .toList();
  }

  /** Whether the rule covers a host (a name, or an address without brackets). */
  public boolean covers(String host, int otherPort) {
    return (port == ANY_PORT || port == otherPort)
        && switch (pattern) {
          case Pattern.Everything() -> true;
          case Pattern.Name(var suffix, var onlyBelow) -> {
            String name = Authority.canonicalHost(host);
            yield name.endsWith("." + suffix) || (!onlyBelow && name.equals(suffix));
          }
          case Pattern.Block(var address, var bits) ->
              hex(host).filter(h -> sameBits(address, h, bits)).isPresent();
        };
  }

  private static Optional<NoProxyRule> parseOne(String entry) {
    if (entry.equals("*")) {
      return Optional.of(new NoProxyRule(new Pattern.Everything(), ANY_PORT));
    }
    int slash = entry.indexOf('/');
    if (slash >= 0) {
      return block(entry.substring(0, slash), entry.substring(slash + 1));
    }
    Optional<String> plainAddress = hex(entry);
    if (plainAddress.isPresent()) {
      return Optional.of(new NoProxyRule(exactly(plainAddress.get()), ANY_PORT));
    }
    if (!(Authority.parse(entry, ANY_PORT) instanceof Authority.Parsed(var host, var port))) {
      return Optional.empty();
    }
    if (host.equals("*")) {
      return Optional.of(new NoProxyRule(new Pattern.Everything(), port));
    }
    Optional<String> address = hex(host);
    if (address.isPresent()) {
      return Optional.of(new NoProxyRule(exactly(address.get()), port));
    }
    String name = Authority.canonicalHost(host);
    String suffix = name.startsWith("*.") ? name.substring(2) : name.replaceFirst("^\\.", "");
    return suffix.isEmpty()
        ? Optional.empty()
        : Optional.of(new NoProxyRule(new Pattern.Name(suffix, !suffix.equals(name)), port));
  }

  private static Pattern exactly(String addressHex) {
    return new Pattern.Block(addressHex, addressHex.length() * 4);
  }

  private static Optional<NoProxyRule> block(String address, String bits) {
    if (!bits.matches("[0-9]{1,3}")) {
      return Optional.empty();
    }
    int count = Integer.parseInt(bits);
    return hex(address)
        .filter(h -> count <= h.length() * 4)
        .map(h -> new NoProxyRule(new Pattern.Block(h, count), ANY_PORT));
  }

  private static boolean sameBits(String a, String b, int bits) {
    if (a.length() != b.length()) {
      return false;
    }
    int whole = bits / 4;
    int rest = bits % 4;
    return a.regionMatches(0, b, 0, whole)
        && (rest == 0
            || Character.digit(a.charAt(whole), 16) >> (4 - rest)
                == Character.digit(b.charAt(whole), 16) >> (4 - rest));
  }

  /** The bytes of an address in hexadecimal digits; empty for what is not an address. */
  private static Optional<String> hex(String host) {
    byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
    return Optional.ofNullable(address).map(HexFormat.of()::formatHex);
  }
}
