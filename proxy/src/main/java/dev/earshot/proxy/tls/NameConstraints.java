package dev.earshot.proxy.tls;

import java.net.IDN;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The servers for which an authority can sign at all (RFC 5280 section 4.2.1.10): clients refuse
 * its certificates for all others, whoever has its key. Where nothing is named, it is not
 * constrained.
 */
public final class NameConstraints {
  /** What {@link #parse} takes for no constraints. */
  public static final String NO_NAMES = "none";

  /** An authority that may sign for every server. */
  public static final NameConstraints NONE = new NameConstraints(List.of(), List.of());

  /** A client walks through them all for each certificate. */
  private static final int MOST = 100;

  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;
  private static final int IN_CONTEXT = 0x80;
  private static final int PERMITTED = 0;
  private static final int EXCLUDED = 1;

  /**
   * Reserved, so that nobody has a name below it (RFC 6761 section 6.4). It stands where no name is
   * to be permitted: that all are excluded would be an empty name, on which the JDK's check fails.
   */
  private static final String NO_NAME = "invalid";

  private static final AddressRange ALL_IPV4 = AddressRange.of(new byte[4], 0);
  private static final AddressRange ALL_IPV6 = AddressRange.of(new byte[16], 0);

  private final List<String> names;
  private final List<AddressRange> ranges;

  private NameConstraints(List<String> names, List<AddressRange> ranges) {
    this.names = List.copyOf(names);
    this.ranges = List.copyOf(ranges);
  }

  /**
   * Reads a list with commas: names, each for itself and all names below it, addresses, and ranges
   * of addresses as {@code 10.0.0.0/8}; or {@value #NO_NAMES}.
   *
   * @throws IllegalArgumentException if it is not one; the message says why
   */
  public static NameConstraints parse(String list) {
    if (list.equals(NO_NAMES)) {
      return NONE;
    }
    var names = new LinkedHashSet<String>();
    var ranges = new LinkedHashSet<AddressRange>();
    for (String each : list.split(",", -1)) {
      if (each.contains("/") || ServerName.parse(each).orElse(null) instanceof ServerName.Ip) {
        ranges.add(range(each));
      } else {
        names.add(name(each));
      }
    }
    if (names.size() + ranges.size() > MOST) {
      throw new IllegalArgumentException("there are more than " + MOST + " of them");
    }
    return new NameConstraints(List.copyOf(names), List.copyOf(ranges));
  }

  private static AddressRange range(String text) {
    AddressRange range =
        AddressRange.parse(text)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "'%s' is not a range of addresses, as 10.0.0.0/8 is".formatted(text)));
    // Of a slip nobody would know otherwise.
    String first = text.substring(0, (text + "/").indexOf('/'));
    if (!ServerName.parse(first).map(ServerName::text).equals(Optional.of(range.address()))) {
      throw new IllegalArgumentException(
          "'%s' has bits beyond its prefix; did you mean '%s'?".formatted(text, range));
    }
    return range;
  }

  private static String name(String text) {
    if (text.startsWith("*.") || text.startsWith(".")) {
      throw new IllegalArgumentException(
          "'%s' begins with a dot or a star: a name alone means all names below it as well"
              .formatted(text));
    }
    if (text.equals(NO_NAME) || text.equals(NO_NAMES)) {
      throw new IllegalArgumentException("'%s' is not a name of servers".formatted(text));
    }
    return ascii(text)
        .flatMap(ServerName::parse)
        .map(ServerName::text)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "'%s' is neither a host name nor an address".formatted(text)));
  }

  /** A name as it is on the wire. */
  private static Optional<String> ascii(String text) {
    try {
      return Optional.of(IDN.toASCII(text));
    } catch (IllegalArgumentException notAName) {
      return Optional.empty();
    }
  }

  /** Whether nothing is constrained. */
  public boolean isNone() {
    return names.isEmpty() && ranges.isEmpty();
  }

  /** Whether a certificate for the server would be accepted. */
  boolean permit(ServerName server) {
    return isNone()
        || switch (server) {
          case ServerName.Dns(var text) ->
              names.stream().anyMatch(name -> text.equals(name) || text.endsWith("." + name));
          case ServerName.Ip ip -> ranges.stream().anyMatch(range -> range.holds(ip));
        };
  }

  /**
   * The value of the extension; never of none. A kind of name of which none is permitted is
   * excluded, as it would otherwise be free.
   */
  byte[] der() {
    List<byte[]> permitted = new ArrayList<>();
    Stream<String> allowed = names.isEmpty() ? Stream.of(NO_NAME) : names.stream();
    allowed.forEach(name -> permitted.add(subtree(DNS_NAME, Der.ascii(name))));
    ranges.forEach(range -> permitted.add(subtree(IP_ADDRESS, range.masked())));
    List<byte[]> excluded = new ArrayList<>();
    if (ranges.stream().noneMatch(AddressRange::isIpv4)) {
      excluded.add(subtree(IP_ADDRESS, ALL_IPV4.masked()));
    }
    if (ranges.stream().allMatch(AddressRange::isIpv4)) {
      excluded.add(subtree(IP_ADDRESS, ALL_IPV6.masked()));
    }
    byte[] first = Der.constructed(PERMITTED, permitted);
    return excluded.isEmpty()
        ? Der.sequence(first)
        : Der.sequence(first, Der.constructed(EXCLUDED, excluded));
  }

  private static byte[] subtree(int kind, byte[] base) {
    return Der.sequence(Der.implicit(kind, base));
  }

  /** What a value made by {@link #der} says; empty for every other. */
  static Optional<NameConstraints> ofDer(byte[] value) {
    List<String> names = new ArrayList<>();
    List<AddressRange> ranges = new ArrayList<>();
    Optional<ByteBuffer> permitted =
        Der.parts(ByteBuffer.wrap(value)).stream()
            .flatMap(whole -> Der.parts(whole.content()).stream())
            .map(Der.Part::content)
            .findFirst();
    for (Der.Part subtree : permitted.map(Der::parts).orElse(List.of())) {
      for (Der.Part base : Der.parts(subtree.content())) {
        byte[] bytes = base.bytes();
        if (base.tag() == (IN_CONTEXT | DNS_NAME)) {
          names.add(new String(bytes, StandardCharsets.US_ASCII));
        } else if (base.tag() == (IN_CONTEXT | IP_ADDRESS)) {
          AddressRange.ofMasked(bytes).ifPresent(ranges::add);
        }
      }
    }
    names.remove(NO_NAME);
    var found = new NameConstraints(names, ranges);
    // What was not understood, or not kept, is not there when it is written again.
    return !found.isNone() && Arrays.equals(found.der(), value)
        ? Optional.of(found)
        : Optional.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NameConstraints that
        && names.equals(that.names)
        && ranges.equals(that.ranges);
  }

  @Override
  public int hashCode() {
    return names.hashCode() + 31 * ranges.hashCode();
  }

  /** As {@link #parse} reads it: names first, then addresses. */
  @Override
  public String toString() {
    return isNone()
        ? NO_NAMES
        : Stream.concat(names.stream(), ranges.stream().map(AddressRange::toString))
            .collect(Collectors.joining(","))
            .toLowerCase(Locale.ROOT);
  }
}
