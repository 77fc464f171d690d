package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressOrderTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          10.0.0.1                             | 10.0.0.1
          ::1 ::2 10.0.0.1 10.0.0.2            | ::1 10.0.0.1 ::2 10.0.0.2
          10.0.0.1 10.0.0.2 ::1                | 10.0.0.1 ::1 10.0.0.2
          10.0.0.1 10.0.0.2 10.0.0.3           | 10.0.0.1 10.0.0.2 10.0.0.3
          ::1 10.0.0.1 10.0.0.2 10.0.0.3       | ::1 10.0.0.1 10.0.0.2 10.0.0.3
          10.0.0.1 ::1 ::2 ::3                 | 10.0.0.1 ::1 ::2 ::3
          10.0.0.1 10.0.0.1 ::1 ::1            | 10.0.0.1 ::1
          """)
  void familiesTakeTurnsBeginningWithTheFirst(String found, String order) {
    assertThat(AddressOrder.interleaved(addresses(found))).isEqualTo(addresses(order));
  }

  @Test
  void nothingHasNoOrder() {
    assertThat(AddressOrder.interleaved(List.of())).isEmpty();
  }

  @Test
  void soManyAddressesAreTriedAndNoMore() {
    String many =
        String.join(" ", IntStream.range(1, 250).mapToObj(last -> "10.0.0." + last).toList());
    assertThat(AddressOrder.interleaved(addresses(many + " ::1")))
        .hasSize(AddressOrder.MOST)
        .startsWith(addresses("10.0.0.1 ::1 10.0.0.2").toArray(InetAddress[]::new));
  }

  private static List<InetAddress> addresses(String text) {
    return Stream.of(text.split(" ", -1)).map(AddressOrderTest::address).toList();
  }

  private static InetAddress address(String text) {
    return InetAddress.ofLiteral(text);
  }
}
