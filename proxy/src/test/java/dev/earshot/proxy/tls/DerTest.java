package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DerTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 255, 256, 65_535, 65_536})
  void lengthsAreReadBackAndAreTheShortestForm(int length) throws Exception {
    byte[] written = Der.octets(new byte[length]);

    ASN1OctetString read = ASN1OctetString.getInstance(ASN1Primitive.fromByteArray(written));
    assertThat(read.getOctets()).hasSize(length);
    assertThat(read.getEncoded("DER")).isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 255, 256, 65_535})
  void valuesThatFollowEachOtherAreReadBack(int length) {
    byte[] content = new byte[length];
    Arrays.fill(content, (byte) 7);
    byte[] both = Der.octets(Der.octets(content), Der.yes());
    List<Der.Part> outer = Der.parts(ByteBuffer.wrap(both));

    if (both.length < 65_536) {
      assertThat(outer).hasSize(1);
      List<Der.Part> inner = Der.parts(outer.getFirst().content());
      assertThat(inner).extracting(Der.Part::tag).containsExactly(0x04, 0x01);
      assertThat(inner.getFirst().bytes()).isEqualTo(content);
    } else {
      // Longer than anything that we write.
      assertThat(outer).isEmpty();
    }
  }

  @Test
  void aValueThatIsCutOffIsNone() {
    byte[] whole = Der.sequence(Der.octets(new byte[300]));

    for (int length = 0; length < whole.length; length++) {
      assertThat(Der.parts(ByteBuffer.wrap(Arrays.copyOf(whole, length)))).isEmpty();
    }
    assertThat(Der.parts(ByteBuffer.wrap(whole))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.2.840.10045.4.3.2",
        "2.5.29.17",
        "1.3.6.1.5.5.7.3.1",
        "0.0",
        "2.47.127.128.2147483647"
      })
  void objectIdentifiersAreReadBack(String dotted) throws Exception {
    var read = (ASN1ObjectIdentifier) ASN1Primitive.fromByteArray(Der.oid(dotted));

    assertThat(read.getId()).isEqualTo(dotted);
  }

  @Test
  void anIdentifierOfOneArcIsRefused() {
    assertThatThrownBy(() -> Der.oid("1")).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "127", "128", "340282366920938463463374607431768211455"})
  void integersStayPositive(String number) throws Exception {
    var read = (ASN1Integer) ASN1Primitive.fromByteArray(Der.integer(new BigInteger(number)));

    assertThat(read.getValue()).isEqualTo(new BigInteger(number));
  }

  @Test
  void theLastSecondOf2049IsUtcTime() throws Exception {
    Instant last = Instant.parse("2049-12-31T23:59:59.999Z");

    var read = (ASN1UTCTime) ASN1Primitive.fromByteArray(Der.time(last));

    assertThat(read.getTime()).isEqualTo("491231235959GMT+00:00");
    assertThat(HexFormat.of().formatHex(Der.time(last))).startsWith("170d");
  }

  @Test
  void theFirstSecondOf2050IsGeneralizedTime() throws Exception {
    Instant first = Instant.parse("2050-01-01T00:00:00Z");

    var read = (ASN1GeneralizedTime) ASN1Primitive.fromByteArray(Der.time(first));

    assertThat(read.getDate().toInstant()).isEqualTo(first);
    assertThat(HexFormat.of().formatHex(Der.time(first))).startsWith("180f");
  }
}
