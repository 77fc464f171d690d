package dev.earshot.session;

import java.util.OptionalInt;

/** What a process runs, as far as it matters for how it finds a proxy. */
sealed interface Program {
  /** A program written in Go. */
  record Go() implements Program {}

  /** Node; its major version where that can be told. */
  record Node(OptionalInt version) implements Program {}

  record Java() implements Program {}

  record Python() implements Program {}

  record Ruby() implements Program {}

  record Php() implements Program {}

  /** A session within this one, which sees what its own command calls. */
  record Earshot() implements Program {}

  record Other() implements Program {}
}
