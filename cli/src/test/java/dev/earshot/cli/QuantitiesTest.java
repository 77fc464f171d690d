package dev.earshot.cli;

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
}
