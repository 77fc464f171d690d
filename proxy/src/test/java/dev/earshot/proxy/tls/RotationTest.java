package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A new authority in place of an old one, whatever else happens meanwhile. */
class RotationTest {
  private static final Instant NOW = Instant.parse("2026-11-25T10:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);
  private static final int THREADS = 8;

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

  private CertificateAuthority.Rotation rotate() throws CertificateAuthorityException {
    return CertificateAuthority.rotate(directory, CLOCK, Optional.empty());
  }

  private List<String> files() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theNewOneIsLoadedFromThenOnAndNothingOfTheOldOneIsLeft() throws Exception {
    CertificateAuthority old = open();
    String oldKey = Files.readString(keyFile());
    CertificateAuthority.Rotation rotation = rotate();

    assertThat(rotation.replaced()).contains(old.certificate());
    assertThat(rotation.made().certificate()).isNotEqualTo(old.certificate());
    assertThat(open().certificate()).isEqualTo(rotation.made().certificate());
    assertThat(directory.resolve("ca.pem")).hasContent(rotation.made().pem());
    assertThat(Files.readString(keyFile())).isNotEqualTo(oldKey);
    assertThat(files()).containsExactly(".lock", "ca-key.pem", "ca.pem");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile())))
        .isEqualTo("rw-------");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("ca.pem"))))
        .isEqualTo("rw-r--r--");
  }

  @Test
  void whoeverLoadedTheOldOneGoesOnWithIt() throws Exception {
    CertificateAuthority old = open();
    rotate();
    var leaf = new LeafCertificates(old, CLOCK).chain(new ServerName.Dns("api.example"))[0];

    leaf.verify(old.certificate().getPublicKey());
    assertThat(old.certificate()).isNotEqualTo(open().certificate());
  }

  @Test
  void whereNoneIsOneIsMade() throws Exception {
    CertificateAuthority.Rotation rotation = rotate();

    assertThat(rotation.replaced()).isEmpty();
    assertThat(open().certificate()).isEqualTo(rotation.made().certificate());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
  }

  @Test
  void constraintsStayUntilOthersAreNamed() throws Exception {
    var names = NameConstraints.parse("example.com,10.0.0.0/8");
    CertificateAuthority.rotate(directory, CLOCK, Optional.of(names));
    CertificateAuthority constrained = open();

    assertThat(constrained.constraints()).isEqualTo(names);
    assertThat(PemCertificates.parse(Files.readString(directory.resolve("ca.pem"))).certificates())
        .containsExactly(constrained.certificate());
    assertThat(rotate().made().constraints()).isEqualTo(names);
    var free = CertificateAuthority.rotate(directory, CLOCK, Optional.of(NameConstraints.NONE));
    assertThat(free.made().constraints().isNone()).isTrue();
    assertThat(open().constraints().isNone()).isTrue();
  }

  /** Also what is lost with a root's key: nobody can sign beside the constraints. */
  @Test
  void theKeyOfAConstrainedAuthorityIsNotThatOfItsRoot() throws Exception {
    CertificateAuthority.rotate(
        directory, CLOCK, Optional.of(NameConstraints.parse("example.com")));
    var kept = AuthorityKey.parse(Files.readString(keyFile())).orElseThrow();

    assertThat(kept.certificate()).isNotEqualTo(kept.root());
    assertThat(new AuthorityKey(kept.key(), kept.root(), kept.root()).problem(NOW))
        .contains("its private key does not belong to its certificate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "garbage", "-----BEGIN PRIVATE KEY-----\nAA=="})
  void oneThatIsDamagedIsReplaced(String damage) throws Exception {
    open();
    Files.writeString(keyFile(), damage);
    assertThatThrownBy(this::open).hasMessageContaining("it is damaged");

    assertThat(rotate().replaced()).isEmpty();
    open();
  }

  @Test
  void oneThatHasExpiredOrThatOthersCouldReadIsReplaced() throws Exception {
    CertificateAuthority old = open();
    Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString("rw-r--r--"));
    InstantSource later = InstantSource.fixed(NOW.plus(Duration.ofDays(900)));

    var rotation = CertificateAuthority.rotate(directory, later, Optional.empty());
    assertThat(rotation.replaced()).contains(old.certificate());
    assertThat(CertificateAuthority.loadOrCreate(directory, later).certificate())
        .isEqualTo(rotation.made().certificate());
  }

  @Test
  void aLinkIsReplacedAndWhatItLeadsToIsNot() throws Exception {
    open();
    Path elsewhere = Files.writeString(temporary.resolve("elsewhere"), "mine");
    Files.delete(keyFile());
    Files.createSymbolicLink(keyFile(), elsewhere);
    rotate();

    assertThat(elsewhere).hasContent("mine");
    assertThat(Files.isSymbolicLink(keyFile())).isFalse();
    open();
  }

  @Test
  void aFolderInItsPlaceIsNamedAndLeft() throws Exception {
    Files.createDirectories(
        keyFile(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));

    assertThatThrownBy(this::rotate)
        .isInstanceOf(CertificateAuthorityException.class)
        .hasMessageContaining(keyFile() + ": it is not a regular file; try: remove it");
    assertThat(keyFile()).isEmptyDirectory();
  }

  @Test
  void aFolderThatIsOpenToOthersIsRefused() throws Exception {
    CertificateAuthority old = open();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThatThrownBy(this::rotate).hasMessageContaining("chmod 700 " + directory);

    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    assertThat(open().certificate()).isEqualTo(old.certificate());
  }

  @Test
  void theDraftsOfAKilledRunAreRemovedByTheNext() throws Exception {
    CertificateAuthority ca = open();
    Path draft = directory.resolve(".draft-of-a-killed-one");
    Files.writeString(draft, "half");
    assertThat(open().certificate()).isEqualTo(ca.certificate());
    assertThat(draft).doesNotExist();

    Files.writeString(draft, "half");
    rotate();
    assertThat(draft).doesNotExist();
  }

  @Test
  void threadsThatRotateAndLoadAtOnceAgreeInTheEnd() throws Exception {
    open();
    var start = new CyclicBarrier(2 * THREADS);
    List<Callable<X509Certificate>> work = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      work.add(() -> {
        start.await();
        return rotate().made().certificate();
      });
      work.add(() -> {
        start.await();
        return open().certificate();
      });
    }
    List<X509Certificate> seen = new ArrayList<>();
    try (var threads = Executors.newFixedThreadPool(2 * THREADS)) {
      for (Future<X509Certificate> each : threads.invokeAll(work)) {
        seen.add(each.get());
      }
    }

    // What the files say now, before anything mends them.
    X509Certificate kept =
        AuthorityKey.parse(Files.readString(keyFile())).orElseThrow().certificate();
    assertThat(seen).contains(kept);
    assertThat(PemCertificates.parse(Files.readString(directory.resolve("ca.pem"))).certificates())
        .containsExactly(kept);
    assertThat(files()).containsExactly(".lock", "ca-key.pem", "ca.pem");
  }

  /** Rotates for ever, beside whoever else does; prints a dot for each. */
  static final class Rotating {
    private Rotating() {}

    public static void main(String[] args) throws Exception {
      for (Instant end = Instant.now().plusSeconds(15); Instant.now().isBefore(end); ) {
        CertificateAuthority.rotate(Path.of(args[0]), InstantSource.system(), Optional.empty());
        System.out.print('.');
        System.out.flush();
      }
    }
  }

  @Test
  void killedAtAnyMomentItLeavesAWholeAuthority() throws Exception {
    InstantSource clock = InstantSource.system();
    BigInteger last = BigInteger.ZERO;
    for (int round = 1; round <= 6; round++) {
      Process one = rotating();
      Process other = rotating();
      try (Reader dots = new InputStreamReader(one.getInputStream(), StandardCharsets.US_ASCII)) {
        for (int dot = 0; dot < round; dot++) {
          assertThat(dots.read()).isEqualTo('.');
        }
      } finally {
        one.destroyForcibly().onExit().get(20, TimeUnit.SECONDS);
        other.destroyForcibly().onExit().get(20, TimeUnit.SECONDS);
      }
      var key = AuthorityKey.parse(Files.readString(keyFile())).orElseThrow();
      assertThat(key.problem(Instant.now())).isEmpty();

      var ca = CertificateAuthority.loadOrCreate(directory, clock);
      assertThat(ca.certificate()).isEqualTo(key.root());
      assertThat(directory.resolve("ca.pem")).hasContent(ca.pem());
      assertThat(files()).containsExactly(".lock", "ca-key.pem", "ca.pem");
      assertThat(ca.certificate().getSerialNumber()).isNotEqualTo(last);
      last = ca.certificate().getSerialNumber();
    }
  }

  private Process rotating() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path", ""),
            Rotating.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
