package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CancellationTest {
  private final Cancellation scope = Cancellation.root();
  private final List<StopCause> told = new ArrayList<>();

  @Test
  void theFirstCauseStays() {
    scope.onCancel(told::add);
    assertThat(scope.cancel(StopCause.TIMEOUT)).isTrue();
    assertThat(scope.cancel(StopCause.USER)).isFalse();
    assertThat(scope.cause()).contains(StopCause.TIMEOUT);
    assertThat(told).containsExactly(StopCause.TIMEOUT);
  }

  @Test
  void aLateListenerIsToldAtOnce() {
    scope.cancel(StopCause.API);
    scope.onCancel(told::add);
    assertThat(told).containsExactly(StopCause.API);
  }

  @Test
  void aClosedRegistrationIsNotTold() {
    scope.onCancel(told::add).close();
    scope.cancel(StopCause.API);
    assertThat(told).isEmpty();
  }

  @Test
  void aChildIsCancelledWithItsParentAndNotTheOtherWayRound() {
    Cancellation child = Cancellation.root();
    scope.onCancel(child::cancel);
    child.cancel(StopCause.USER);
    assertThat(scope.cause()).isEmpty();
    scope.cancel(StopCause.API);
    assertThat(child.cause()).contains(StopCause.USER);
  }
}
