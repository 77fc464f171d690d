package dev.earshot.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantitiesTest {
  @ParameterizedTest
  @CsvSource({"250ms, 250", "5s, 5000", "2m, 120000", "1h, 3600000", "0, 0", "0s, 0", "1.5s, 1500"})
  void readsDurations(String text, long millis) {
    assertThat(Quantities.duration(text)).contains(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "5",
        "s",
        "-1s",
        "+1s",
        "1 s",
        "1S",
        "1d",
        "1e3s",
        "999999999h",
        "1.s",
        ".5s",
        "１s"
      })
  void refusesWhatIsNotADuration(String text) {
    assertThat(Quantities.duration(text)).isEmpty();
  }

  @Test
  void theLongestDurationFitsIntoNanoseconds() {
    assertThat(Quantities.LONGEST.toNanos()).isPositive();
    assertThat(Quantities.duration("8760h")).contains(Quantities.LONGEST);
    assertThat(Quantities.duration("8761h")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "512, 512",
    "512b, 512",
    "64k, 65536",
    "64K, 65536",
    "1kb, 1024",
    "1KiB, 1024",
    "1MiB, 1048576",
    "1m, 1048576",
    "1.5m, 1572864",
    "0.001k, 1",
    "2g, 2147483648",
    "1tib, 1099511627776"
  })
  void readsSizes(String text, long bytes) {
    assertThat(Quantities.size(text)).hasValue(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "k",
        "-1",
        "+1",
        "1 k",
        "1ki",
        "1p",
        "1.5",
        "1.5b",
        "1.k",
        ".5k",
        "1e3",
        "１",
        "64\u212A",
        "1.001t",
        "2t",
        "1099511627777",
        "99999999999999"
      })
  void refusesWhatIsNotASize(String text) {
    assertThat(Quantities.size(text)).isEmpty();
  }
}
