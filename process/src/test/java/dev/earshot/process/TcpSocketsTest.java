package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kernel of this machine tells of sockets that the test makes. */
class TcpSocketsTest {
  private static final EnumSet<TcpState> CONNECTED = EnumSet.of(TcpState.ESTABLISHED);

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void aConnectionIsFoundByItsEnds(String address) throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.ofLiteral(address));
        var client = new Socket(listener.getInetAddress(), listener.getLocalPort());
        var accepted = listener.accept()) {
      TcpSocket found = TcpSockets.find(local(client), remote(client)).orElseThrow();
      assertThat(found.local()).isEqualTo(local(client));
      assertThat(found.remote()).isEqualTo(remote(client));
      assertThat(found.state()).isEqualTo(TcpState.ESTABLISHED);
      assertThat(found.uid()).isEqualTo(ourUid());
      assertThat(isOpenHere(found.inode())).isTrue();
      TcpSocket other = TcpSockets.find(local(accepted), remote(accepted)).orElseThrow();
      assertThat(isOpenHere(other.inode())).isTrue();
      assertThat(other.inode()).isNotEqualTo(found.inode());
    }
  }

  /** A channel of Java's is of IPv6, whatever it connects to; a socket of its own kind is not. */
  @Test
  void anIpv4ConnectionOfAnIpv6SocketIsFoundAsIpv4() throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        var client = SocketChannel.open(listener.getLocalSocketAddress());
        var accepted = listener.accept()) {
      var end = (InetSocketAddress) client.getLocalAddress();
      assertThat(Files.readString(Path.of("/proc/self/net/tcp6")))
          .contains("%04X".formatted(end.getPort()));
      TcpSocket found = TcpSockets.find(end, local(accepted)).orElseThrow();
      assertThat(found.local()).isEqualTo(end);
      assertThat(TcpSockets.of(ourUid(), CONNECTED)).contains(found);
    }
  }

  @Test
  void whatIsNotThereIsNotFoundAlsoWhereSomebodyListens() throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      var listening = (InetSocketAddress) listener.getLocalSocketAddress();
      var nobody = new InetSocketAddress(listening.getAddress(), 1);
      assertThat(TcpSockets.find(listening, nobody)).isEmpty();
      assertThat(TcpSockets.find(nobody, listening)).isEmpty();
      var six = new InetSocketAddress(InetAddress.ofLiteral("::1"), 1);
      assertThat(TcpSockets.find(nobody, six)).isEmpty();
    }
  }

  @Test
  void aConnectionThatWasClosedIsNobodys() throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      InetSocketAddress end;
      try (var client = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
        end = local(client);
      }
      try (var accepted = listener.accept()) {
        Optional<TcpSocket> closed = TcpSockets.find(end, local(accepted));
        assertThat(closed.map(TcpSocket::inode).orElse(0L)).isZero();
      }
    }
  }

  @Test
  void allOfAUserAreListedThoughThereAreMoreThanOneAnswerHolds() throws Exception {
    List<Socket> clients = new ArrayList<>();
    List<Socket> accepted = new ArrayList<>();
    try (var listener = new ServerSocket(0, 500, InetAddress.ofLiteral("::1"))) {
      for (int i = 0; i < 400; i++) {
        clients.add(new Socket(listener.getInetAddress(), listener.getLocalPort()));
        accepted.add(listener.accept());
      }
      List<TcpSocket> all = TcpSockets.of(ourUid(), CONNECTED);
      assertThat(all).extracting(TcpSocket::state).containsOnly(TcpState.ESTABLISHED);
      assertThat(all)
          .extracting(TcpSocket::local)
          .containsAll(clients.stream().map(TcpSocketsTest::local).toList());
      assertThat(TcpSockets.of(ourUid(), Set.of(TcpState.LISTEN)))
          .extracting(TcpSocket::local)
          .contains((InetSocketAddress) listener.getLocalSocketAddress());
      assertThat(TcpSockets.of(ourUid() + 1, CONNECTED)).isEmpty();
    } finally {
      for (Socket each : clients) {
        each.close();
      }
      for (Socket each : accepted) {
        each.close();
      }
    }
  }

  @Test
  void whatIsCutOffOrGarbageIsPassedOver() {
    byte[] message = InetDiag.exactly(end(1), end(2));
    for (int length = 0; length <= message.length; length++) {
      assertThat(InetDiag.read(message, length, _ -> true).sockets()).isEmpty();
    }
    var random = new Random(7);
    for (int i = 0; i < 100_000; i++) {
      byte[] garbage = new byte[random.nextInt(200)];
      random.nextBytes(garbage);
      if (garbage.length > 4 && random.nextBoolean()) {
        garbage[0] = (byte) garbage.length;
        garbage[1] = 0;
        garbage[2] = 0;
        garbage[3] = 0;
        garbage[4] = 20;
      }
      InetDiag.read(garbage, garbage.length, _ -> true);
    }
  }

  private static InetSocketAddress end(int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
  }

  private static InetSocketAddress local(Socket socket) {
    return (InetSocketAddress) socket.getLocalSocketAddress();
  }

  private static InetSocketAddress remote(Socket socket) {
    return (InetSocketAddress) socket.getRemoteSocketAddress();
  }

  private static long ourUid() throws IOException {
    return ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
  }

  private static boolean isOpenHere(long inode) throws IOException {
    String link = "socket:[" + inode + "]";
    try (var entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path entry : entries) {
        if (Files.isSymbolicLink(entry) && Files.readSymbolicLink(entry).toString().equals(link)) {
          return true;
        }
      }
    }
    return false;
  }
}
