package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.proxy.ClientAnswer;
import dev.earshot.session.SocketOwner.Allowed;
import dev.earshot.session.SocketOwner.Gone;
import dev.earshot.session.SocketOwner.OtherUser;
import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The children need bash (Debian package bash), which can open a TCP connection. */
class SocketOwnersTest {
  private static final long OURS = ProcessHandle.current().pid();

  @Test
  void aConnectionOfADescendantIsOwned() throws Exception {
    try (var listener = loopback("127.0.0.1");
        var child = Connected.to(listener, "bash -c \"$CONNECT\" & wait")) {
      var owners = new SocketOwners(() -> List.of(child.process.pid()), _ -> false);
      ClientProcess client = allowed(owners.of(child.end(), local(child.accepted)));
      long grandchild = child.process.descendants().findFirst().orElseThrow().pid();
      assertEquals(
          new ClientProcess(OptionalLong.of(grandchild), Optional.of("bash"), true), client);
    }
  }

  @Test
  void aConnectionOfAnotherTreeIsAllowedButNotOwned() throws Exception {
    try (var listener = loopback("127.0.0.1");
        var child = Connected.to(listener, "eval \"$CONNECT\"")) {
      var owners = new SocketOwners(List::of, _ -> false);
      assertEquals(
          new ClientProcess(OptionalLong.of(child.process.pid()), Optional.of("bash"), false),
          allowed(owners.of(child.end(), local(child.accepted))));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void aConnectionOfOurOwnIsFoundWhateverTheFamilyOfItsSocket(String address) throws Exception {
    try (var listener = loopback(address);
        var pair = Pair.through(listener)) {
      var proc = new ProcFiles(Path.of("/proc"));
      for (SocketTable table : tables(proc)) {
        long uid = SocketOwners.effectiveUid();
        var owners = new SocketOwners(proc, table, uid, () -> List.of(OURS), _ -> false);
        ClientProcess found = allowed(owners.of(pair.clientEnd(), pair.listenerEnd()));
        assertEquals(OptionalLong.of(OURS), found.pid());
        assertEquals(true, found.owned());
      }
    }
  }

  @Test
  void aConnectionOfAnotherUserIsRefused() throws Exception {
    try (var listener = loopback("127.0.0.1");
        var pair = Pair.through(listener)) {
      long uid = ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
      var proc = new ProcFiles(Path.of("/proc"));
      for (SocketTable table : tables(proc)) {
        var owners = new SocketOwners(proc, table, uid + 1, () -> List.of(OURS), _ -> false);
        assertEquals(new OtherUser(uid), owners.of(pair.clientEnd(), pair.listenerEnd()));
      }
    }
  }

  @Test
  void aConnectionThatIsClosedAlreadyIsNobodys() throws Exception {
    try (var listener = loopback("127.0.0.1");
        var pair = Pair.through(listener)) {
      var owners = new SocketOwners(() -> List.of(OURS), _ -> false);
      pair.closeClient();
      assertEquals(new Gone(), owners.of(pair.clientEnd(), pair.listenerEnd()));
    }
  }

  /** 192.0.2.0/24 is nobody's (RFC 5737). */
  @Test
  void aClientOfAnotherMachineHasNoOwnerAndMayHaveCredentials() {
    SocketTable nobody = (local, remote) -> new SocketTable.Told.Missing();
    var proc = new ProcFiles(Path.of("/proc"));
    var owners =
        new SocketOwners(proc, nobody, SocketOwners.effectiveUid(), () -> List.of(OURS), _ -> true);
    var here = at("127.0.0.1", 8080);
    var remote = at("192.0.2.7", 4711);
    assertEquals(
        new ClientAnswer.Allowed(ClientProcess.UNKNOWN),
        SessionMaterial.clientCheck(owners, true).check(remote, here));
    assertEquals(
        new ClientAnswer.Gone(), SessionMaterial.clientCheck(owners, false).check(remote, here));
    // One of this machine whose owner is gone is nobody's, with credentials or without.
    assertEquals(
        new ClientAnswer.Gone(), SessionMaterial.clientCheck(owners, true).check(here, here));
  }

  @Test
  void anAddressOfAllIsReachedByTheLoopback() {
    for (List<String> pair :
        List.of(
            List.of("0.0.0.0", "127.0.0.1"),
            List.of("::", "::1"),
            List.of("127.0.0.2", "127.0.0.2"),
            List.of("192.0.2.1", "192.0.2.1"))) {
      assertEquals(at(pair.getLast(), 80), LocalAddresses.reached(at(pair.getFirst(), 80)));
    }
  }

  private static InetSocketAddress at(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }

  @Test
  void aHalfClosedConnectionStillHasItsOwner() throws Exception {
    try (var listener = loopback("127.0.0.1");
        var pair = Pair.through(listener)) {
      pair.client.shutdownOutput();
      var owners = new SocketOwners(() -> List.of(OURS), _ -> false);
      assertEquals(
          OptionalLong.of(OURS), allowed(owners.of(pair.clientEnd(), pair.listenerEnd())).pid());
    }
  }

  @Test
  void aProcessIsFoundAgainByEachOfItsConnections() throws Exception {
    var owners = new SocketOwners(() -> List.of(OURS), _ -> false);
    try (var listener = loopback("127.0.0.1")) {
      for (int i = 0; i < 3; i++) {
        try (var one = Pair.through(listener);
            var other = Pair.through(listener)) {
          for (Pair pair : List.of(one, other)) {
            ClientProcess found = allowed(owners.of(pair.clientEnd(), pair.listenerEnd()));
            assertEquals(OptionalLong.of(OURS), found.pid());
            assertEquals(true, found.owned());
          }
        }
      }
    }
  }

  /** What is remembered of a number is of the process that had it then. */
  @Test
  void anotherProcessWithTheSameNumberIsNotTakenForTheFirst(@TempDir Path proc) throws Exception {
    Files.createDirectories(proc.resolve("net"));
    Files.writeString(
        proc.resolve("net/tcp"),
        "header\n 0: 0100007F:0001 0100007F:0002 01 a b c 1000 0 77 1 x\n");
    Path fds = Files.createDirectories(proc.resolve("42/fd"));
    Files.createSymbolicLink(fds.resolve("3"), Path.of("socket:[77]"));
    Files.writeString(proc.resolve("42/comm"), "old\n");
    String rest = " 41 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ";
    Files.writeString(proc.resolve("42/stat"), "42 (old) S 1 41" + rest + "1000 0");
    var owners = inFolder(proc, 1000, List.of(41L), _ -> false);
    assertEquals(true, allowed(owners.of(end(1), end(2))).owned());
    Files.writeString(proc.resolve("42/comm"), "new\n");
    Files.writeString(proc.resolve("42/stat"), "42 (new) S 1 42" + rest + "2000 0");
    assertEquals(
        new Allowed(new ClientProcess(OptionalLong.of(42), Optional.of("new"), false)),
        owners.of(end(1), end(2)));
  }

  @Test
  void withoutTablesEveryoneIsAllowedAndUnknown(@TempDir Path noProc) throws Exception {
    var end = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    var owners = inFolder(noProc, 0, List.of(), _ -> false);
    assertEquals(new Allowed(ClientProcess.UNKNOWN), owners.of(end, end));
  }

  @Test
  void aMemberOfARootsGroupIsOwnedAndSoIsOneThatIsMarked(@TempDir Path proc) throws Exception {
    Files.createDirectories(proc.resolve("net"));
    Files.writeString(
        proc.resolve("net/tcp"),
        "header\n 0: 0100007F:0001 0100007F:0002 01 a b c 1000 0 77 1 x\n");
    Path fds = Files.createDirectories(proc.resolve("42/fd"));
    Files.createSymbolicLink(fds.resolve("3"), Path.of("socket:[77]"));
    Files.writeString(proc.resolve("42/comm"), "a) b\n");
    for (int group : List.of(41, 42)) {
      var owners = inFolder(proc, 1000, List.of(41L), _ -> false);
      var marked = inFolder(proc, 1000, List.of(41L), pid -> pid == 42);
      Files.writeString(proc.resolve("42/stat"), "42 (a) b) S 1 " + group + " 41 0 -1");
      assertEquals(
          new Allowed(new ClientProcess(OptionalLong.of(42), Optional.of("a) b"), group == 41)),
          owners.of(end(1), end(2)));
      assertEquals(
          new Allowed(new ClientProcess(OptionalLong.of(42), Optional.of("a) b"), true)),
          marked.of(end(1), end(2)));
    }
  }

  /** The kernel's answers come first, those of the printed tables stand in for them. */
  private static List<SocketTable> tables(ProcFiles proc) {
    var printed = new ProcSocketTable(proc);
    return List.of(
        new KernelSocketTable((local, remote) -> new SocketTable.Told.Missing()), printed);
  }

  private static SocketOwners inFolder(
      Path folder, long uid, List<Long> roots, LongPredicate marked) {
    var proc = new ProcFiles(folder);
    return new SocketOwners(proc, new ProcSocketTable(proc), uid, () -> roots, marked);
  }

  private static InetSocketAddress end(int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
  }

  private static ClientProcess allowed(SocketOwner owner) {
    return assertInstanceOf(Allowed.class, owner).client();
  }

  private static ServerSocket loopback(String address) throws IOException {
    return new ServerSocket(0, 1, InetAddress.ofLiteral(address));
  }

  private static InetSocketAddress local(Socket socket) {
    return new InetSocketAddress(socket.getLocalAddress(), socket.getLocalPort());
  }

  /** Both ends of a connection of this process to itself. */
  private record Pair(Socket client, Socket accepted) implements AutoCloseable {
    static Pair through(ServerSocket listener) throws IOException {
      var client = new Socket(listener.getInetAddress(), listener.getLocalPort());
      return new Pair(client, listener.accept());
    }

    InetSocketAddress clientEnd() {
      return local(client);
    }

    InetSocketAddress listenerEnd() {
      return local(accepted);
    }

    void closeClient() throws IOException {
      client.close();
    }

    @Override
    public void close() throws IOException {
      client.close();
      accepted.close();
    }
  }

  /** A child with a connection, which it holds until its standard input closes. */
  private record Connected(Process process, Socket accepted) implements AutoCloseable {
    static Connected to(ServerSocket listener, String script) throws IOException {
      var builder = new ProcessBuilder("bash", "-c", script);
      builder
          .environment()
          .put(
              "CONNECT", "exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort() + "; read -u 3 _");
      return new Connected(builder.start(), listener.accept());
    }

    InetSocketAddress end() {
      return new InetSocketAddress(accepted.getInetAddress(), accepted.getPort());
    }

    @Override
    public void close() throws IOException {
      accepted.close();
      process.getOutputStream().close();
      Eventually.until("the child ends with its connection", () -> !process.isAlive());
    }
  }
}
