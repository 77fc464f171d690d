package dev.earshot.proxy.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.Eventually;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyLogTest {
  @TempDir private Path folder;
  private final List<String> problems = new CopyOnWriteArrayList<>();

  @Test
  void theFileIsItsOwnersAloneAndHasEachLine() throws Exception {
    Path file = folder.resolve("keys");
    try (var log = KeyLog.open(file, problems::add)) {
      for (int i = 0; i < 1_000; i++) {
        log.line(("CLIENT_RANDOM " + i).getBytes(US_ASCII));
      }
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Files.readAllLines(file)).hasSize(1_000).endsWith("CLIENT_RANDOM 999");
    assertThat(problems).isEmpty();
  }

  @Test
  void whatWasThereIsGone() throws Exception {
    Path file = Files.writeString(folder.resolve("keys"), "old");
    var log = KeyLog.open(file, problems::add);
    log.line("new".getBytes(US_ASCII));
    log.close();
    log.line("late".getBytes(US_ASCII));
    log.close();
    assertThat(file).hasContent("new\n");
  }

  @Test
  void aLinkIsNotFollowed() throws Exception {
    Path file = Files.writeString(folder.resolve("keys"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    assertThatThrownBy(() -> KeyLog.open(link, problems::add)).isInstanceOf(IOException.class);
    assertThat(file).hasContent("old");
  }

  @Test
  void aFullDiskIsToldOnce() throws Exception {
    try (var log = KeyLog.open(Path.of("/dev/full"), problems::add)) {
      log.line("one".getBytes(US_ASCII));
      Eventually.until("it is told", () -> !problems.isEmpty());
      log.line("two".getBytes(US_ASCII));
    }
    assertThat(problems)
        .containsExactly(
            "cannot write to the key log /dev/full: No space left on device; no more keys are"
                + " written");
  }

  @Test
  void theTlsOfTheJdkTellsNothing() throws Exception {
    assertThat(KeyLog.isSupported()).isTrue();
    var context = SslContextBuilder.forClient().sslProvider(SslProvider.JDK).build();
    try (var log = KeyLog.open(folder.resolve("keys"), problems::add)) {
      assertThatThrownBy(() -> log.follow(context)).isInstanceOf(IllegalStateException.class);
    }
  }
}
