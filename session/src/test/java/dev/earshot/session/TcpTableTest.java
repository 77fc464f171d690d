package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TcpTableTest {
  private static final String HEADER = "  sl  local_address rem_address   st tx_queue …\n";
  private static final String REST =
      " 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000000000000 20 4 30"
          + " 10\n";

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1, 0100007F:9C40 0100007F:1F90",
    "127.0.0.1, 127.0.0.2, 0100007F:9C40 0200007F:1F90",
    "10.1.2.3, 10.1.2.3, 0302010A:9C40 0302010A:1F90",
    "127.0.0.1, 127.0.0.1, 0000000000000000FFFF00000100007F:9C40"
        + " 0000000000000000FFFF00000100007F:1F90",
    "::1, ::1, 00000000000000000000000001000000:9C40 00000000000000000000000001000000:1F90",
    "2001:db8::1:2, ::1, B80D0120000000000000000002000100:9C40"
        + " 00000000000000000000000001000000:1F90",
  })
  void aRowIsFoundByBothItsEnds(String client, String listener, String ends) throws Exception {
    String table = HEADER + "   0: 00000000:1F90 00000000:0000" + REST + "   1: " + ends + REST;
    assertEquals(Optional.of(new TcpTable.Row(1000, 4242)), find(table, client, listener));
    assertEquals(
        Optional.empty(),
        TcpTable.find(table, end(client, 40001), end(listener, 8080), ByteOrder.LITTLE_ENDIAN));
    assertEquals(
        Optional.empty(),
        TcpTable.find(table, end(listener, 8080), end(client, 40000), ByteOrder.LITTLE_ENDIAN));
  }

  @Test
  void aBigEndianMachineWritesWordsAsTheyAre() throws Exception {
    String table = HEADER + "   0: 7F000001:9C40 7F000001:1F90" + REST;
    assertEquals(
        Optional.of(new TcpTable.Row(1000, 4242)),
        TcpTable.find(
            table, end("127.0.0.1", 40000), end("127.0.0.1", 8080), ByteOrder.BIG_ENDIAN));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n\n",
        "   0: 0100007F:9C40 0100007F:1F90",
        "   0: 0100007F:9C40 0100007F:1F90 ",
        "   0: 0100007F:9C40 0100007F:1F90 01 a b c\n",
        "   0: 0100007F:9C40 0100007F:1F90 01 a b c 1000 0 x 1\n",
        "   0: 0100007F:9C40 0100007F:1F90 01 a b c -1 0 5 1\n",
        "   0: 0100007F:9C40 0100007F:1F90 01 a b c 99999999999999999999999 0 5 1\n",
        "   0: 0100007F:9C400100007F:1F90 01 a b c 1000 0 5 1\n",
      })
  void garbageIsNoRow(String table) throws Exception {
    assertEquals(Optional.empty(), find(table, "127.0.0.1", "127.0.0.1"));
    assertEquals(
        Optional.of(new TcpTable.Row(1000, 4242)),
        find(table + "\n 9: 0100007F:9C40 0100007F:1F90" + REST, "127.0.0.1", "127.0.0.1"));
  }

  @Test
  void aRowIsFoundAmongHundredThousand() throws Exception {
    String others =
        IntStream.range(0, 100_000)
            .mapToObj(i -> "%6d: 0100007F:%04X 0200007F:1F90%s".formatted(i, i % 65536, REST))
            .collect(Collectors.joining());
    assertEquals(Optional.empty(), find(others, "127.0.0.1", "127.0.0.1"));
    assertEquals(
        Optional.of(new TcpTable.Row(1000, 4242)),
        find(others + " 1: 0100007F:9C40 0100007F:1F90" + REST, "127.0.0.1", "127.0.0.1"));
  }

  @Test
  void randomTablesDoNotThrow() throws Exception {
    String good = HEADER + "   0: 0100007F:9C40 0100007F:1F90" + REST;
    var random = new Random(3);
    for (int i = 0; i < 100_000; i++) {
      var table = new StringBuilder(good);
      for (int n = 1 + random.nextInt(4); n > 0; n--) {
        table.setCharAt(random.nextInt(table.length()), (char) random.nextInt(128));
      }
      find(table.toString(), "127.0.0.1", "127.0.0.1");
    }
  }

  private static Optional<TcpTable.Row> find(String table, String client, String listener)
      throws UnknownHostException {
    return TcpTable.find(table, end(client, 40000), end(listener, 8080), ByteOrder.LITTLE_ENDIAN);
  }

  private static InetSocketAddress end(String address, int port) throws UnknownHostException {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }
}
