package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** BouncyCastle and OpenSSL judge what the DER writer wrote. */
class CertificateFormTest {
  private static final Instant NOW = Instant.parse("2026-11-25T10:00:00.5Z");
  private static final CertificateAuthority CA = CertificateAuthority.inMemory(() -> NOW);
  private static final LeafCertificates LEAVES = new LeafCertificates(CA, () -> NOW);
  private static final String LONG_NAME = "a".repeat(40) + "." + "b".repeat(21) + ".example";

  static List<String> hosts() {
    return List.of(
        "api.example",
        "localhost",
        "my_service",
        "xn--bcher-kva.example",
        "127.0.0.1",
        "::1",
        LONG_NAME,
        "a".repeat(64 - 8) + ".example",
        "a".repeat(65 - 8) + ".example");
  }

  private static X509Certificate leaf(String host) {
    return LEAVES.chain(ServerName.parse(host).orElseThrow())[0];
  }

  @Test
  void theAuthorityHasTheExtensionsOfOneThatSignsLeavesOnly() throws Exception {
    var ca = new X509CertificateHolder(CA.certificate().getEncoded());
    Extensions extensions = ca.getExtensions();

    assertThat(ca.getVersionNumber()).isEqualTo(3);
    assertThat(Set.of(extensions.getCriticalExtensionOIDs()))
        .containsExactlyInAnyOrder(Extension.basicConstraints, Extension.keyUsage);
    assertThat(Set.of(extensions.getNonCriticalExtensionOIDs()))
        .containsExactly(Extension.subjectKeyIdentifier);
    BasicConstraints constraints = BasicConstraints.fromExtensions(extensions);
    assertThat(constraints.isCA()).isTrue();
    assertThat(constraints.getPathLenConstraint()).isZero();
    KeyUsage usage = KeyUsage.fromExtensions(extensions);
    assertThat(usage).isEqualTo(new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
    assertThat(ca.getSubject()).isEqualTo(ca.getIssuer());
    assertThat(ca.getSubject().toString()).matches("CN=Earshot CA [0-9a-f]{8} \\(.*\\)");
    assertThat(ca.isSignatureValid(verifier())).isTrue();
    assertThat(ca.getEncoded()).isEqualTo(ca.toASN1Structure().getEncoded("DER"));
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void aLeafHasTheExtensionsOfAServer(String host) throws Exception {
    var leaf = new X509CertificateHolder(leaf(host).getEncoded());
    Extensions extensions = leaf.getExtensions();
    boolean fits = host.length() <= 64;

    assertThat(BasicConstraints.fromExtensions(extensions).isCA()).isFalse();
    assertThat(KeyUsage.fromExtensions(extensions))
        .isEqualTo(new KeyUsage(KeyUsage.digitalSignature));
    assertThat(ExtendedKeyUsage.fromExtensions(extensions).getUsages())
        .containsExactly(KeyPurposeId.id_kp_serverAuth);
    assertThat(AuthorityKeyIdentifier.fromExtensions(extensions).getKeyIdentifierOctets())
        .isEqualTo(
            SubjectKeyIdentifier.fromExtensions(
                    new X509CertificateHolder(CA.certificate().getEncoded()).getExtensions())
                .getKeyIdentifier());
    assertThat(SubjectKeyIdentifier.fromExtensions(extensions).getKeyIdentifier()).hasSize(20);
    assertThat(GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName).getNames())
        .containsExactly(expectedName(host));
    assertThat(extensions.getExtension(Extension.subjectAlternativeName).isCritical())
        .isEqualTo(!fits);
    assertThat(leaf.getSubject().toString()).isEqualTo(fits ? "CN=" + host : "");
    assertThat(leaf.isSignatureValid(verifier())).isTrue();
    assertThat(leaf.getEncoded()).isEqualTo(leaf.toASN1Structure().getEncoded("DER"));
  }

  private static GeneralName expectedName(String host) {
    boolean address = host.equals("127.0.0.1") || host.equals("::1");
    return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, host);
  }

  private static ContentVerifierProvider verifier() throws Exception {
    return new JcaContentVerifierProviderBuilder().build(CA.certificate().getPublicKey());
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void openSslVerifiesStrictly(String host, @TempDir Path directory) throws Exception {
    Path ca = Files.writeString(directory.resolve("ca.pem"), CA.pem());
    Path leaf = directory.resolve("leaf.der");
    Files.write(leaf, leaf(host).getEncoded());
    String kind =
        host.equals("127.0.0.1") || host.equals("::1") ? "-verify_ip" : "-verify_hostname";

    var said =
        Commands.run(
            List.of(
                "openssl",
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-purpose",
                "sslserver",
                "-attime",
                Long.toString(NOW.getEpochSecond()),
                "-CAfile",
                ca.toString(),
                kind,
                host,
                leaf.toString()));

    assertThat(said).isEqualTo(new Commands.Said(0, leaf + ": OK\n"));
  }

  @Test
  void openSslRefusesALeafForAnotherName(@TempDir Path directory) throws Exception {
    Path ca = Files.writeString(directory.resolve("ca.pem"), CA.pem());
    Path leaf = directory.resolve("leaf.der");
    Files.write(leaf, leaf("api.example").getEncoded());

    var said =
        Commands.run(
            List.of(
                "openssl",
                "verify",
                "-CAfile",
                ca.toString(),
                "-attime",
                Long.toString(NOW.getEpochSecond()),
                "-verify_hostname",
                "other.example",
                leaf.toString()));

    assertThat(said.code()).isEqualTo(2);
    assertThat(said.text()).contains("hostname mismatch");
  }

  @Test
  void anAuthorityIsValidFor825DaysFromADayBefore() {
    Instant start = Instant.parse("2026-11-24T10:00:00Z");

    assertThat(CA.certificate().getNotBefore().toInstant()).isEqualTo(start);
    assertThat(CA.certificate().getNotAfter().toInstant())
        .isEqualTo(start.plus(Duration.ofDays(825)));
  }

  @Test
  void aLeafIsValidFor397DaysFromADayBefore() {
    Instant later = NOW.plus(Duration.ofDays(100));
    X509Certificate leaf = issuedAt(later);

    assertThat(leaf.getNotBefore().toInstant()).isEqualTo(Instant.parse("2027-03-04T10:00:00Z"));
    assertThat(Duration.between(leaf.getNotBefore().toInstant(), leaf.getNotAfter().toInstant()))
        .isEqualTo(Duration.ofDays(397));
  }

  @Test
  void aLeafIsNeverValidBeyondItsAuthority() {
    X509Certificate late = issuedAt(NOW.plus(Duration.ofDays(800)));
    X509Certificate early = issuedAt(NOW.minus(Duration.ofDays(5)));

    assertThat(late.getNotAfter()).isEqualTo(CA.certificate().getNotAfter());
    assertThat(early.getNotBefore()).isEqualTo(CA.certificate().getNotBefore());
  }

  private static X509Certificate issuedAt(Instant at) {
    return new LeafCertificates(CA, () -> at).chain(new ServerName.Dns("api.example"))[0];
  }

  @ParameterizedTest
  @ValueSource(strings = {"2049-06-01T00:00:00Z", "2051-06-01T00:00:00Z"})
  void certificatesAround2050AreDatedRight(String now, @TempDir Path directory) throws Exception {
    InstantSource clock = InstantSource.fixed(Instant.parse(now));
    var ca = CertificateAuthority.inMemory(clock);
    var leaf = new LeafCertificates(ca, clock).chain(new ServerName.Dns("api.example"))[0];
    Path anchor = Files.writeString(directory.resolve("ca.pem"), ca.pem());
    Path file = Files.write(directory.resolve("leaf.der"), leaf.getEncoded());

    var said =
        Commands.run(
            List.of(
                "openssl",
                "verify",
                "-x509_strict",
                "-attime",
                Long.toString(Instant.parse(now).getEpochSecond()),
                "-CAfile",
                anchor.toString(),
                file.toString()));

    assertThat(said.code()).as(said.text()).isZero();
    assertThat(leaf.getNotAfter().toInstant())
        .isEqualTo(Instant.parse(now).plus(Duration.ofDays(396)));
  }

  @Test
  void serialsArePositive128BitsAndDiffer() {
    Set<BigInteger> serials = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      var serial = leaf("host-" + i + ".example").getSerialNumber();
      assertThat(serial.signum()).isPositive();
      assertThat(serial.bitLength()).isEqualTo(128);
      serials.add(serial);
    }
    assertThat(serials).hasSize(20);
  }

  @Test
  void twoAuthoritiesDifferInName() {
    assertThat(CertificateAuthority.inMemory(() -> NOW).certificate().getSubjectX500Principal())
        .isNotEqualTo(CA.certificate().getSubjectX500Principal());
  }

  @Test
  void aLeafIsMadeOnceAndForgottenWhenOthersWereUsedSince() {
    var leaves = new LeafCertificates(CA, () -> NOW);
    X509Certificate first = leaves.chain(new ServerName.Dns("first.example"))[0];
    for (int i = 0; i < LeafCertificates.LIMIT - 1; i++) {
      leaves.chain(new ServerName.Dns("host-" + i));
    }

    assertThat(leaves.chain(new ServerName.Dns("first.example"))[0]).isSameAs(first);
    for (int i = 0; i < LeafCertificates.LIMIT; i++) {
      leaves.chain(new ServerName.Dns("again-" + i));
    }
    assertThat(leaves.chain(new ServerName.Dns("first.example"))[0]).isNotSameAs(first);
  }
}
