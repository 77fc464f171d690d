package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Machine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real folders as dead sessions leave them: what is proved goes, nothing else does. */
class CrashedSessionsTest {
  private static final String ID = "20261125-003106-4be1f2";

  @TempDir Path root;
  private Path session;
  private Path outside;

  @BeforeEach
  void aDeadSession() throws Exception {
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
    try (var folder = SessionFolder.create(root.resolve("sessions"), ID + "x")) {
      session = Files.createDirectory(root.resolve("sessions").resolve(ID), mode("rwx------"));
      assertThat(folder.path()).exists();
    }
    outside = Files.createDirectory(root.resolve("outside"));
    Files.writeString(outside.resolve("earshot.ini"), "mine");
    TrustFiles.write(session, TestAuthority.named("test").pem(), Map.of(), root, Set.of());
    writeRecord(it -> it);
  }

  private static java.nio.file.attribute.FileAttribute<?> mode(String text) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
  }

  /** Of a process that is no more: that number and start were never anybody's. */
  private static SessionRecord record(Machine machine) {
    return SessionRecordTest.record(ID, machine, List.of());
  }

  private void writeRecord(Function<String, String> change) throws IOException {
    Path file = session.resolve("record");
    Files.deleteIfExists(file);
    Files.createFile(file, mode("rw-------"));
    Files.writeString(file, change.apply(record(Machine.here()).text()));
  }

  private LeftoverVerdict verdict() throws IOException {
    return CrashedSessions.look(session).orElseThrow().verdict();
  }

  /** Refused for this reason, and everything is as it was. */
  private void assertRefused(String why) throws IOException {
    List<Path> before = all();
    assertThat(verdict())
        .isInstanceOfSatisfying(
            LeftoverVerdict.Unproven.class, it -> assertThat(it.why()).contains(why));
    assertThat(CrashedSessions.clean(session).orElseThrow().problems())
        .singleElement()
        .asString()
        .contains(why);
    assertThat(all()).isEqualTo(before);
  }

  private List<Path> all() throws IOException {
    try (var files = Files.walk(root)) {
      return files.sorted().toList();
    }
  }

  @Test
  void whatItLeftIsFoundAndRemoved() throws Exception {
    assertThat(CrashedSessions.folders(folders())).containsExactly(session);
    var look = CrashedSessions.look(session).orElseThrow();
    assertThat(look.verdict()).isEqualTo(new LeftoverVerdict.Crashed(record(Machine.here())));
    assertThat(look.bytes()).isPositive();
    assertThat(look.processes()).isEmpty();
    assertThat(look.listener()).isEmpty();
    var cleaned = CrashedSessions.clean(session).orElseThrow();
    assertThat(cleaned.problems()).isEmpty();
    assertThat(session).doesNotExist();
    assertThat(CrashedSessions.clean(session)).isEmpty();
    assertThat(CrashedSessions.look(session)).isEmpty();
    assertThat(CrashedSessions.folders(folders())).isEmpty();
  }

  private SessionFolders folders() {
    return new SessionFolders(
        Optional.empty(), root.resolve("sessions"), root.resolve("earshot-4711"), Optional.empty());
  }

  @Test
  void allThatASessionWritesIsKnown() throws Exception {
    // With a variable of the user's that names certificates, one file more is written.
    Path other = Files.createDirectory(root.resolve("other"));
    Path user = Files.writeString(root.resolve("user.pem"), TestAuthority.named("test").pem());
    TrustFiles.write(
        other,
        TestAuthority.named("test").pem(),
        Map.of("NODE_EXTRA_CA_CERTS", user.toString(), "DENO_CERT", user.toString()),
        root,
        Set.of());
    try (var files = Files.walk(other)) {
      assertThat(files.filter(Files::isRegularFile).map(it -> other.relativize(it).toString()))
          .hasSizeGreaterThan(6)
          .allMatch(SessionFolder.FILES::contains);
    }
  }

  @Test
  void aFileThatEarshotDoesNotWriteKeepsAll() throws Exception {
    Files.writeString(session.resolve("notes"), "mine");
    assertRefused("notes");
    Files.delete(session.resolve("notes"));
    Files.writeString(session.resolve("php/mine.ini"), "mine");
    assertRefused("php/mine.ini");
    Files.delete(session.resolve("php/mine.ini"));
    Files.createDirectory(session.resolve("mine"));
    assertRefused("mine");
    Files.delete(session.resolve("mine"));
    Files.createSymbolicLink(session.resolve("mine"), outside);
    assertRefused("mine");
    Files.delete(session.resolve("mine"));
    Files.delete(session.resolve("wgetrc"));
    Files.createDirectory(session.resolve("wgetrc"));
    assertRefused("wgetrc");
  }

  @Test
  void linksAreRemovedAndNotFollowed() throws Exception {
    Files.delete(session.resolve("php/earshot.ini"));
    Files.delete(session.resolve("php"));
    Files.createSymbolicLink(session.resolve("php"), outside);
    Files.delete(session.resolve("wgetrc"));
    Files.createSymbolicLink(session.resolve("wgetrc"), outside.resolve("earshot.ini"));
    assertThat(CrashedSessions.clean(session).orElseThrow().problems()).isEmpty();
    assertThat(session).doesNotExist();
    assertThat(outside.resolve("earshot.ini")).hasContent("mine");
  }

  @Test
  void aRecordThatOthersCouldHaveWrittenIsRefused() throws Exception {
    Path record = session.resolve("record");
    Files.setPosixFilePermissions(record, PosixFilePermissions.fromString("rw-r--r--"));
    assertRefused("0600");
    Files.move(record, root.resolve("elsewhere"));
    Files.setPosixFilePermissions(
        root.resolve("elsewhere"), PosixFilePermissions.fromString("rw-------"));
    Files.createSymbolicLink(record, root.resolve("elsewhere"));
    assertRefused("symbolic link");
    Files.delete(record);
    Files.createDirectory(record, mode("rw-------"));
    assertRefused("no file");
  }

  @Test
  void aRecordThatIsMissingOrCannotBeUsedIsRefused() throws Exception {
    writeRecord(text -> "");
    assertRefused("no whole line");
    writeRecord(text -> "\0\377".repeat(100) + "\n");
    assertRefused("does not begin");
    writeRecord(text -> text + "run 1 2 3\n".repeat(7_000));
    assertRefused("larger than 64 KiB");
    writeRecord(text -> text.replaceFirst("mark 1", "mark 11"));
    assertRefused("malformed");
    writeRecord(text -> text.replaceFirst("id .*", "id 20261125-003106-4be1f3"));
    assertRefused("4be1f3");
    writeRecord(text -> text.replaceFirst("mark .*", "mark 1000000000001"));
    assertRefused("mark");
    Files.delete(session.resolve("record"));
    Files.setLastModifiedTime(session, FileTime.from(Instant.EPOCH));
    assertRefused("no record");
  }

  @Test
  void aRecordOfAnotherMachineOrContainerIsRefusedAndOneOfAnotherBootIsFiles() throws Exception {
    writeRecord(text -> text.replaceFirst("machine .*", "machine other"));
    assertRefused("another machine");
    writeRecord(text -> text.replaceFirst("namespace .*", "namespace 1"));
    assertRefused("pid namespace");
    writeRecord(text -> text.replaceFirst("boot .*", "boot before"));
    assertThat(verdict()).isInstanceOf(LeftoverVerdict.FilesOnly.class);
    assertThat(CrashedSessions.clean(session).orElseThrow().problems()).isEmpty();
    assertThat(session).doesNotExist();
  }

  @Test
  void aFolderThatOthersMayUseOrThatIsNoneIsRefused() throws Exception {
    Files.setPosixFilePermissions(session, PosixFilePermissions.fromString("rwxr-x---"));
    assertRefused("0700");
    Files.setPosixFilePermissions(session, PosixFilePermissions.fromString("rwx------"));
    Files.move(session, root.resolve("moved"));
    Files.createSymbolicLink(session, root.resolve("moved"));
    assertRefused("symbolic link");
    Files.delete(session);
    Files.writeString(session, "mine");
    assertRefused("not a folder");
  }

  @Test
  void oneThatIsStartingIsLeftAlone() throws Exception {
    Files.delete(session.resolve("record"));
    assertThat(verdict()).isEqualTo(new LeftoverVerdict.Starting());
    assertThat(CrashedSessions.clean(session).orElseThrow().problems()).isEmpty();
    assertThat(session).exists();
  }

  @Test
  void oneWhoseOwnerLivesIsLeftAloneAlsoWithoutALock() throws Exception {
    long self = ProcessHandle.current().pid();
    long start = Machine.startOf(self).orElseThrow();
    writeRecord(text -> text.replaceFirst("earshot .*", "earshot " + self + " " + start));
    assertThat(verdict()).isInstanceOf(LeftoverVerdict.Live.class);
    assertThat(CrashedSessions.isLive(session)).isTrue();
    assertThat(CrashedSessions.clean(session).orElseThrow().problems()).isEmpty();
    assertThat(session.resolve("wgetrc")).exists();
    // Its number is another's by now.
    writeRecord(text -> text.replaceFirst("earshot .*", "earshot " + self + " " + (start - 1)));
    assertThat(verdict()).isInstanceOf(LeftoverVerdict.Crashed.class);
    assertThat(CrashedSessions.isLive(session)).isFalse();
    assertThat(CrashedSessions.isLive(session.resolveSibling("gone"))).isFalse();
  }

  @Test
  void whatAnotherCleansUpIsLeftToThatOne() throws Exception {
    try (var other = FileChannel.open(session.resolve("record"), StandardOpenOption.WRITE)) {
      var lock = other.lock();
      assertThat(lock.isValid()).isTrue();
      assertThat(verdict()).isInstanceOf(LeftoverVerdict.Busy.class);
      assertThat(CrashedSessions.clean(session).orElseThrow().problems()).hasSize(1);
      assertThat(session.resolve("wgetrc")).exists();
    }
  }

  @Test
  void theOneWhoListensAtItsAddressIsNamed() throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var address = (InetSocketAddress) listener.getLocalSocketAddress();
      writeRecord(text -> text + SessionRecord.proxyLine(address));
      var found = CrashedSessions.look(session).orElseThrow().listener().orElseThrow();
      assertThat(found.address()).isEqualTo(address);
      assertThat(found.process().pid()).hasValue(ProcessHandle.current().pid());
    }
    assertThat(CrashedSessions.look(session).orElseThrow().listener()).isEmpty();
  }

  @Test
  void aControlGroupOfAnotherNameIsRefusedAndTheFolderSaysSo() throws Exception {
    writeRecord(text -> text + "cgroup /sys/fs/cgroup\n");
    assertThat(CrashedSessions.clean(session).orElseThrow().problems())
        .singleElement()
        .asString()
        .contains("/sys/fs/cgroup");
    assertThat(session.resolve("record")).exists();
  }

  @Test
  void theFoldersOfProcessesWithoutAHomeAreFoundAndRemoved() throws Exception {
    Path temporary = Files.createDirectory(root.resolve("earshot-99"), mode("rwx------"));
    Files.createDirectory(root.resolve("earshot-threads1"));
    Files.move(session, temporary.resolve(ID));
    var folders =
        new SessionFolders(
            Optional.empty(), root.resolve("none"), root.resolve("earshot-1"), Optional.empty());
    assertThat(CrashedSessions.folders(folders)).containsExactly(temporary.resolve(ID));
    assertThat(CrashedSessions.clean(temporary.resolve(ID)).orElseThrow().problems()).isEmpty();
    assertThat(temporary).doesNotExist();
  }
}
