package dev.earshot.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class LeaksTest {
  private final Leaks before = Leaks.now();

  @Test
  void aListenerIsSeen() throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(listener.isBound()).isTrue();
      assertThat(Leaks.now().since(before)).anyMatch(one -> one.contains("socket:"));
    }
  }

  @Test
  void anOpenFileIsSeen() throws Exception {
    try (var file = new FileInputStream("/etc/passwd")) {
      assertThat(file.read()).isNotNegative();
      assertThat(Leaks.now().since(before)).anyMatch(one -> one.contains("/etc/passwd"));
    }
  }

  @Test
  void aPlatformThreadAndAVirtualThreadAreSeen() throws Exception {
    var gate = new CountDownLatch(1);
    var platform = Thread.ofPlatform().name("leaky-platform").start(() -> awaitQuietly(gate));
    var virtual = Thread.ofVirtual().name("leaky-virtual").start(() -> awaitQuietly(gate));
    try {
      assertThat(Leaks.now().since(before))
          .anyMatch(one -> one.contains("leaky-platform"))
          .anyMatch(one -> one.contains("leaky-virtual"));
    } finally {
      gate.countDown();
      platform.join();
      virtual.join();
    }
  }

  @Test
  void aChildIsSeen() throws Exception {
    var child = new ProcessBuilder("cat").start();
    try {
      assertThat(Leaks.now().since(before)).anyMatch(one -> one.startsWith("child"));
    } finally {
      child.getOutputStream().close();
      child.waitFor();
      child.getInputStream().close();
      child.getErrorStream().close();
    }
  }

  private static void awaitQuietly(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
