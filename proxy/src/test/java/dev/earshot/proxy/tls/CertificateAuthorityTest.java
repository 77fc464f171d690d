package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.earshot.testkit.TestCa;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateAuthorityTest {
  private static final Instant NOW = Instant.parse("2026-11-25T10:00:00Z");
  private static final String NOT_A_FILE = "it is not a regular file";
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);

  @TempDir Path temporary;
  private Path directory = Path.of("");

  @BeforeEach
  void nameADirectoryThatIsNotThere() {
    directory = temporary.resolve("state").resolve("ca");
  }

  private Path keyFile() {
    return directory.resolve("ca-key.pem");
  }

  private CertificateAuthority open() throws CertificateAuthorityException {
    return CertificateAuthority.loadOrCreate(directory, CLOCK);
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void theSecondTimeItIsTheSameAuthority() throws Exception {
    CertificateAuthority first = open();
    CertificateAuthority second = open();

    assertThat(second.certificate()).isEqualTo(first.certificate());
    assertThat(first.certificateFile()).contains(directory.resolve("ca.pem"));
    assertThat(directory.resolve("ca.pem")).hasContent(first.pem());
  }

  @Test
  void onlyTheOwnerCanReadTheKey() throws Exception {
    open();

    assertThat(mode(directory)).isEqualTo("rwx------");
    assertThat(mode(keyFile())).isEqualTo("rw-------");
    assertThat(mode(directory.resolve("ca.pem"))).isEqualTo("rw-r--r--");
    try (var files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(".lock", "ca-key.pem", "ca.pem");
    }
    assertThat(directory.resolve("ca.pem")).content().doesNotContain("PRIVATE KEY");
  }

  @Test
  void openSslReadsTheKeyAndItFitsTheCertificate() throws Exception {
    open();

    var ofKey = Commands.run(List.of("openssl", "pkey", "-in", keyFile().toString(), "-pubout"));
    var ofCertificate =
        Commands.run(
            List.of(
                "openssl",
                "x509",
                "-in",
                directory.resolve("ca.pem").toString(),
                "-noout",
                "-pubkey"));

    assertThat(ofKey.code()).as(ofKey.text()).isZero();
    assertThat(ofKey).isEqualTo(ofCertificate);
  }

  @Test
  void whatALoadedAuthoritySignsIsGood() throws Exception {
    open();
    var leaf = new LeafCertificates(open(), CLOCK).chain(new ServerName.Dns("api.example"))[0];

    leaf.verify(open().certificate().getPublicKey());
  }

  @Test
  void aCertificateFileThatIsMissingOrStaleIsWrittenAgain() throws Exception {
    CertificateAuthority ca = open();
    Path file = directory.resolve("ca.pem");

    Files.writeString(file, "stale");
    open();
    assertThat(file).hasContent(ca.pem());

    Files.delete(file);
    open();
    assertThat(file).hasContent(ca.pem());
  }

  @Test
  void inMemoryNothingIsWritten() {
    CertificateAuthority ca = CertificateAuthority.inMemory(CLOCK);

    assertThat(ca.certificateFile()).isEmpty();
    assertThat(PemCertificates.parse(ca.pem()).certificates()).containsExactly(ca.certificate());
  }

  @Test
  void threadsThatCreateItAtOnceGetOneAuthority() throws Exception {
    assertThat(AuthorityRace.run(directory)).hasSize(1);
  }

  @Test
  void processesThatCreateItAtOnceGetOneAuthority() throws Exception {
    try (var one = Racer.start(directory);
        var other = Racer.start(directory)) {
      one.awaitReady();
      other.awaitReady();
      one.go();
      other.go();

      Set<String> serials = new HashSet<>(one.serials());
      serials.addAll(other.serials());
      String kept =
          CertificateAuthority.loadOrCreate(directory, InstantSource.system())
              .certificate()
              .getSerialNumber()
              .toString(16);
      assertThat(serials).containsExactly(kept);
    }
  }

  private record Racer(Process process, BufferedReader output) implements AutoCloseable {
    static Racer start(Path directory) throws IOException {
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      Process process =
          new ProcessBuilder(
                  java,
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path", ""),
                  AuthorityRace.class.getName(),
                  directory.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      return new Racer(process, process.inputReader(StandardCharsets.US_ASCII));
    }

    void awaitReady() throws IOException {
      assertThat(output.readLine()).isEqualTo("ready");
    }

    void go() throws IOException {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
    }

    List<String> serials() {
      return output.lines().toList();
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      output.close();
      process.destroyForcibly().onExit().join();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxr-x---", "rwxr-xr-x", "rwx-w----", "rwx-----x", "rwxrwxrwx"})
  void aDirectoryThatIsOpenToOthersIsRefused(String mode) throws Exception {
    open();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));

    assertThatThrownBy(this::open)
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessage(
            "cannot use the certificate authority %s: other users have access to it (%s); try:"
                + " chmod 700 %s",
            directory, mode, directory);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw-rw-rw-"})
  void aKeyThatIsOpenToOthersIsRefused(String mode) throws Exception {
    open();
    Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString(mode));

    assertThatThrownBy(this::open)
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessageContaining("try: chmod 600 " + keyFile());
  }

  @Test
  void anAuthorityOfAnotherUserIsRefused() throws Exception {
    open();
    String owner = Files.getOwner(directory).getName();
    var asAnother = new AuthorityDirectory(directory, Optional.of("somebody-else"));

    assertThatThrownBy(() -> asAnother.loadOrCreate(NOW))
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessageContaining("it belongs to " + owner + ", not to somebody-else");
  }

  /** One way to spoil a good file, and what is then said of it. */
  record Damage(String name, Spoiler spoiler, String said) {
    @Override
    public String toString() {
      return name;
    }
  }

  interface Spoiler {
    void spoil(Path keyFile, String good) throws Exception;
  }

  static List<Damage> damages() {
    String damaged = "it is damaged (not one private key and one certificate)";
    String marker = "-----BEGIN CERTIFICATE-----";
    return List.of(
        new Damage("empty", (file, good) -> Files.writeString(file, ""), damaged),
        new Damage("garbage", (file, good) -> Files.write(file, new byte[] {0, -1, 7}), damaged),
        new Damage(
            "cut off",
            (file, good) -> Files.writeString(file, good.substring(0, good.length() - 40)),
            damaged),
        new Damage(
            "no certificate",
            (file, good) -> Files.writeString(file, good.substring(0, good.indexOf(marker))),
            damaged),
        new Damage(
            "no key",
            (file, good) -> Files.writeString(file, good.substring(good.indexOf(marker))),
            damaged),
        new Damage(
            "two certificates",
            (file, good) -> Files.writeString(file, good + good.substring(good.indexOf(marker))),
            damaged),
        new Damage(
            "key is no key",
            (file, good) -> Files.writeString(file, good.replaceFirst("\nM", "\nA")),
            damaged),
        new Damage("too large", (file, good) -> Files.write(file, new byte[70_000]), "too large"),
        new Damage(
            "another's certificate",
            (file, good) ->
                Files.writeString(
                    file,
                    good.substring(0, good.indexOf(marker))
                        + CertificateAuthority.inMemory(CLOCK).pem()),
            "its private key does not belong to its certificate"),
        new Damage(
            "a leaf",
            (file, good) ->
                Files.writeString(
                    file,
                    new AuthorityKey(
                            TestCa.selfSigned("a.example").key(),
                            TestCa.selfSigned("a.example").chain().getFirst(),
                            TestCa.selfSigned("a.example").chain().getFirst())
                        .pem()),
            "its certificate is not that of an authority"),
        new Damage(
            "a directory",
            (file, good) -> {
              Files.delete(file);
              Files.createDirectory(file);
            },
            NOT_A_FILE),
        new Damage(
            "a symbolic link",
            (file, good) -> {
              Path elsewhere = file.resolveSibling("elsewhere");
              Files.move(file, elsewhere);
              Files.createSymbolicLink(file, elsewhere);
            },
            NOT_A_FILE),
        new Damage(
            "a dangling link",
            (file, good) -> {
              Files.delete(file);
              Files.createSymbolicLink(file, file.resolveSibling("nowhere"));
            },
            NOT_A_FILE));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void aDamagedAuthorityIsNamedAndLeftAsItIs(Damage damage) throws Exception {
    open();
    damage.spoiler().spoil(keyFile(), Files.readString(keyFile()));
    byte[] spoilt = Files.isRegularFile(keyFile()) ? Files.readAllBytes(keyFile()) : new byte[0];

    var refused = catchThrowableOfType(CertificateAuthorityException.class, this::open);

    assertThat(refused)
        .hasMessageContaining("cannot use the certificate authority " + keyFile() + ": ")
        .hasMessageContaining(damage.said())
        .hasMessageEndingWith(
            "; try: %s a new one%s that clients must trust anew",
            damage.said().equals(NOT_A_FILE) ? "remove it," : "earshot ca rotate, which makes",
            damage.said().equals(NOT_A_FILE) ? " is then made" : "");
    assertThat(Files.isRegularFile(keyFile()) ? Files.readAllBytes(keyFile()) : new byte[0])
        .isEqualTo(spoilt);
  }

  @Test
  void anExpiredAuthorityIsRefused() throws Exception {
    open();
    InstantSource later = InstantSource.fixed(NOW.plus(Duration.ofDays(825)));

    assertThatThrownBy(() -> CertificateAuthority.loadOrCreate(directory, later))
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessageContaining(keyFile() + ": it expired on 2029-02-26T10:00:00Z; try: earshot ca");
  }

  @Test
  void anAuthorityOfTheFutureIsRefused() throws Exception {
    open();
    InstantSource earlier = InstantSource.fixed(NOW.minus(Duration.ofDays(30)));

    assertThatThrownBy(() -> CertificateAuthority.loadOrCreate(directory, earlier))
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessageContaining("it is not valid before 2026-11-24T10:00:00Z")
        .hasMessageContaining("the clock of this machine says 2026-10-26T10:00:00Z");
  }

  @Test
  void aLinkToADirectoryIsFollowed() throws Exception {
    CertificateAuthority ca = open();
    Path link = Files.createSymbolicLink(temporary.resolve("link"), directory);

    assertThat(CertificateAuthority.loadOrCreate(link, CLOCK).certificate())
        .isEqualTo(ca.certificate());
  }

  @Test
  void aDirectoryThatCannotBeMadeIsNamed() throws Exception {
    Path file = Files.writeString(temporary.resolve("state"), "a file in the way");

    assertThatThrownBy(this::open)
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessageStartingWith("cannot keep a certificate authority in " + directory);
    assertThat(file).hasContent("a file in the way");
  }
}
