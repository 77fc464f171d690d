package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.process.StopRules.Effect;
import dev.earshot.process.StopRules.Input;
import dev.earshot.process.StopRules.State;
import dev.earshot.process.StopRules.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopRulesTest {
  private static final long NOW = 1_000;
  private static final StopPolicy POLICY =
      new StopPolicy(Signal.TERM, Duration.ofNanos(100), Duration.ofNanos(20));
  private static final StopPolicy KILL_POLICY = POLICY.withStopSignal(Signal.KILL);

  private static final State RUNNING = new State.Running();
  private static final State LINGERING = new State.Lingering();
  private static final State STOPPING = new State.Stopping(NOW + 7);
  private static final State KILLING = new State.Killing(NOW + 7);
  private static final State ENDED = new State.Ended(true);

  private static final Step KILLED =
      new Step(new State.Killing(NOW + 20), List.of(Effect.FREEZE, Effect.FREEZE, Effect.KILL));
  private static final Step EMPTY = new Step(ENDED, List.of());

  @Test
  void everyStateAnswersEveryInput() {
    Map<State, Map<Input, Step>> table =
        Map.of(
            RUNNING,
            Map.of(
                Input.STOP_ASKED,
                new Step(new State.Stopping(NOW + 100), List.of(Effect.ASK)),
                Input.KILL_ASKED,
                KILLED,
                Input.LEADER_ENDED,
                new Step(LINGERING, List.of())),
            LINGERING,
            Map.of(
                Input.STOP_ASKED,
                stay(LINGERING),
                Input.KILL_ASKED,
                KILLED,
                Input.TREE_EMPTY,
                EMPTY,
                Input.TREE_ALIVE,
                new Step(new State.Stopping(NOW + 100), List.of(Effect.ASK_LEFTOVER))),
            STOPPING,
            Map.of(
                Input.STOP_ASKED,
                stay(STOPPING),
                Input.KILL_ASKED,
                KILLED,
                Input.LEADER_ENDED,
                stay(STOPPING),
                Input.TREE_EMPTY,
                EMPTY,
                Input.TREE_ALIVE,
                new Step(STOPPING, List.of(Effect.ASK_REST)),
                Input.DEADLINE_PASSED,
                KILLED),
            KILLING,
            Map.of(
                Input.STOP_ASKED,
                stay(KILLING),
                Input.KILL_ASKED,
                stay(KILLING),
                Input.LEADER_ENDED,
                stay(KILLING),
                Input.TREE_EMPTY,
                EMPTY,
                Input.TREE_ALIVE,
                new Step(KILLING, List.of(Effect.KILL)),
                Input.DEADLINE_PASSED,
                new Step(new State.Ended(false), List.of())));
    table.forEach((state, row) -> {
      for (Input input : Input.values()) {
        Step expected = row.get(input);
        if (expected == null) {
          assertThatThrownBy(() -> StopRules.step(state, input, POLICY, NOW))
              .as("%s in %s", input, state)
              .isInstanceOf(IllegalStateException.class);
        } else {
          assertThat(StopRules.step(state, input, POLICY, NOW))
              .as("%s in %s", input, state)
              .isEqualTo(expected);
        }
      }
    });
    for (Input input : Input.values()) {
      assertThat(StopRules.step(ENDED, input, POLICY, NOW)).isEqualTo(stay(ENDED));
    }
  }

  @Test
  void killAsTheStopSignalHasNoGrace() {
    assertThat(StopRules.step(RUNNING, Input.STOP_ASKED, KILL_POLICY, NOW)).isEqualTo(KILLED);
    assertThat(StopRules.step(LINGERING, Input.TREE_ALIVE, KILL_POLICY, NOW)).isEqualTo(KILLED);
  }

  /** Random lives, with a clock that may wrap; the seed is fixed, so that a failure comes again. */
  @Test
  void noLifeBreaksThePromises() {
    var random = new Random(20_251_101);
    for (int life = 0; life < 20_000; life++) {
      live(random, life);
    }
  }

  private static void live(Random random, int life) {
    long now = random.nextInt(4) == 0 ? Long.MAX_VALUE - random.nextInt(60) : random.nextInt();
    State state = RUNNING;
    boolean leaderEnded = false;
    boolean killAsked = false;
    long firstAsked = 0;
    boolean asked = false;
    List<Effect> sent = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      now += random.nextInt(30);
      Input input = possible(random, state, leaderEnded, now);
      Step step = StopRules.step(state, input, POLICY, now);
      killAsked |= input == Input.KILL_ASKED;
      for (Effect effect : step.effects()) {
        switch (effect) {
          case FREEZE, KILL ->
              assertThat(killAsked || (asked && now - firstAsked >= 100))
                  .as("life %d: %s only by name or after the grace", life, effect)
                  .isTrue();
          case ASK, ASK_LEFTOVER -> {
            assertThat(asked).as("life %d: asked once", life).isFalse();
            assertThat(sent).as("life %d: not asked after KILL", life).doesNotContain(Effect.KILL);
            asked = true;
            firstAsked = now;
          }
          case ASK_REST ->
              assertThat(asked && !sent.contains(Effect.KILL))
                  .as("life %d: the rest is asked after the group, and before KILL", life)
                  .isTrue();
        }
        sent.add(effect);
      }
      assertThat(sent.stream().filter(Effect.FREEZE::equals).count())
          .as("life %d: frozen twice at most", life)
          .isLessThanOrEqualTo(2);
      if (state instanceof State.Timed before && step.next() instanceof State.Timed after) {
        boolean escalated = before instanceof State.Stopping && after instanceof State.Killing;
        assertThat(escalated || after.deadline() == before.deadline())
            .as("life %d: no input moves a deadline", life)
            .isTrue();
      }
      if (step.next() instanceof State.Ended(boolean empty) && !(state instanceof State.Ended)) {
        assertThat(empty ? input == Input.TREE_EMPTY : sent.contains(Effect.KILL))
            .as("life %d: the end is an empty tree, or one that KILL did not empty", life)
            .isTrue();
      }
      leaderEnded |= input == Input.LEADER_ENDED;
      state = step.next();
    }
  }

  /** What the owner can tell in this state: a look only after the leader's end, for example. */
  private static Input possible(Random random, State state, boolean leaderEnded, long now) {
    List<Input> inputs = new ArrayList<>(List.of(Input.STOP_ASKED, Input.KILL_ASKED));
    if (leaderEnded) {
      inputs.addAll(List.of(Input.TREE_ALIVE, Input.TREE_ALIVE, Input.TREE_EMPTY));
    } else {
      inputs.add(Input.LEADER_ENDED);
    }
    if (state instanceof State.Timed timed && timed.deadline() - now <= 0) {
      return Input.DEADLINE_PASSED;
    }
    return inputs.get(random.nextInt(inputs.size()));
  }

  private static Step stay(State state) {
    return new Step(state, List.of());
  }
}
