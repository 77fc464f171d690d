package dev.earshot.proxy.tls;

import io.netty.util.NetUtil;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Addresses that begin with the same bits.
 *
 * @param address the first of them, in its canonical text
 * @param bits how many bits all of them share
 */
record AddressRange(String address, int bits) {
  private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,2}");

  /** An address, or {@code ADDRESS/BITS}; empty if it is neither. Bits beyond the prefix are 0. */
  static Optional<AddressRange> parse(String text) {
    int slash = text.indexOf('/');
    String first = slash < 0 ? text : text.substring(0, slash);
    if (!(ServerName.parse(first).orElse(null) instanceof ServerName.Ip ip)) {
      return Optional.empty();
    }
    int most = Byte.SIZE * ip.bytes().length;
    if (slash < 0) {
      return Optional.of(new AddressRange(ip.text(), most));
    }
    String number = text.substring(slash + 1);
    return NUMBER.matcher(number).matches() && Integer.parseInt(number) <= most
        ? Optional.of(of(ip.bytes(), Integer.parseInt(number)))
        : Optional.empty();
  }

  /** Those that share the first bits of an address of 4 or 16 bytes. */
  static AddressRange of(byte[] address, int bits) {
    byte[] first = address.clone();
    byte[] mask = mask(address.length, bits);
    for (int i = 0; i < first.length; i++) {
      first[i] &= mask[i];
    }
    return new AddressRange(NetUtil.bytesToIpAddress(first), bits);
  }

  /** What an address and its mask in a certificate say; empty if it is no such range. */
  static Optional<AddressRange> ofMasked(byte[] bytes) {
    if (bytes.length != 8 && bytes.length != 32) {
      return Optional.empty();
    }
    int bits = 0;
    for (int i = bytes.length / 2; i < bytes.length; i++) {
      bits += Integer.bitCount(bytes[i] & 0xff);
    }
    byte[] address = new byte[bytes.length / 2];
    System.arraycopy(bytes, 0, address, 0, address.length);
    return Optional.of(of(address, bits));
  }

  /** Whether the addresses are of IPv4, not of IPv6. */
  boolean isIpv4() {
    return first().length == 4;
  }

  boolean holds(ServerName.Ip ip) {
    byte[] other = ip.bytes();
    return other.length == first().length && of(other, bits).equals(this);
  }

  /** The first address, then the mask (RFC 5280 section 4.2.1.10). */
  byte[] masked() {
    byte[] first = first();
    byte[] both = new byte[2 * first.length];
    System.arraycopy(first, 0, both, 0, first.length);
    System.arraycopy(mask(first.length, bits), 0, both, first.length, first.length);
    return both;
  }

  private byte[] first() {
    return new ServerName.Ip(address).bytes();
  }

  private static byte[] mask(int length, int bits) {
    byte[] mask = new byte[length];
    for (int i = 0; i < bits; i++) {
      mask[i / Byte.SIZE] |= (byte) (0x80 >>> (i % Byte.SIZE));
    }
    return mask;
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return bits == Byte.SIZE * first().length ? address : address + "/" + bits;
  }
}
