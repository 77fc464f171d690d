package dev.earshot.testkit;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What this JVM holds at a moment: threads (virtual ones included), open descriptors, children and
 * listening sockets. Two of them are compared around a test.
 *
 * @param threads each as {@code id name}
 * @param descriptors each as {@code number target}
 * @param children each as {@code pid command}
 */
record Leaks(Set<String> threads, Set<String> descriptors, Set<String> children) {

  /** Threads that the JDK, JUnit or Maven start once and keep. */
  private static final Pattern KEPT_THREADS =
      Pattern.compile(
          "\\d+ (process reaper.*|Common-Cleaner|Cleaner-\\d+|Attach Listener|Signal Dispatcher"
              + "|Finalizer|Reference Handler|Notification Thread|surefire-.*|main|DestroyJavaVM"
              + "|junit-.*|ForkJoinPool.*|VirtualThread-un.*|Read-Poller.*|Write-Poller.*"
              + "|Keep-Alive-Timer|HttpClient-\\d+-SelectorManager.*|InnocuousThread.*"
              + "|RMI .*|idle-connection-.*|Okio.*)");

  /** What the JDK opens once, when first used, and keeps. */
  private static final Pattern KEPT_DESCRIPTORS =
      Pattern.compile(
          "\\d+ (/.*\\.jar|/.*/lib/modules|/.*\\.so(\\.\\d+)*( \\(deleted\\))?|/dev/u?random"
              + "|/sys/.*|/proc/.*|/.*surefire.*|/tmp/hsperf.*|/tmp/earshot-threads.*)");

  private static final Pattern THREAD_ENTRY =
      Pattern.compile("\"tid\": \"?(\\d+)\"?,.*?\"name\": \"([^\"]*)\"", Pattern.DOTALL);

  static Leaks now() {
    return new Leaks(liveThreads(), openDescriptors(), liveChildren());
  }

  /** What is here and was not there; empty if nothing. */
  Set<String> since(Leaks before) {
    Set<String> left = new TreeSet<>();
    collect(left, "thread", threads, before.threads);
    collect(left, "descriptor", descriptors, before.descriptors);
    collect(left, "child", children, before.children);
    return left;
  }

  /** Makes the JDK open what it opens at the first use of a socket, blocking a virtual thread. */
  static void warmUp() {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var accepting = Thread.ofVirtual().name("warm-up").start(() -> acceptOne(listener));
      // One that finds a connection waiting does not block, and starts nothing.
      Eventually.until("it blocks", () -> accepting.getState() == Thread.State.WAITING);
      try (var client = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
        client.getInputStream().read();
      }
      accepting.join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void acceptOne(ServerSocket listener) {
    try (var accepted = listener.accept()) {
      accepted.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void collect(Set<String> into, String what, Set<String> now, Set<String> before) {
    now.stream().filter(one -> !before.contains(one)).forEach(one -> into.add(what + " " + one));
  }

  private static Set<String> liveThreads() {
    try {
      Path directory = Files.createTempDirectory("earshot-threads");
      Path dump = directory.resolve("threads.json");
      try {
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
            .dumpThreads(dump.toString(), ThreadDumpFormat.JSON);
        return THREAD_ENTRY
            .matcher(Files.readString(dump))
            .results()
            .map(m -> m.group(1) + " " + m.group(2))
            .filter(thread -> !KEPT_THREADS.matcher(thread).matches())
            .collect(Collectors.toCollection(TreeSet::new));
      } finally {
        Files.deleteIfExists(dump);
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<String> openDescriptors() {
    Set<String> open = new TreeSet<>();
    try (var entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path entry : entries) {
        String target = target(entry);
        String line = entry.getFileName() + " " + target;
        if (!target.isEmpty() && !KEPT_DESCRIPTORS.matcher(line).matches()) {
          open.add(line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return open;
  }

  /** Empty if the descriptor is closed by now, as that of the directory itself is. */
  private static String target(Path entry) {
    try {
      return Files.readSymbolicLink(entry).toString();
    } catch (IOException gone) {
      return "";
    }
  }

  private static Set<String> liveChildren() {
    return ProcessHandle.current()
        .children()
        .map(child -> child.pid() + " " + child.info().command().orElse("?"))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
