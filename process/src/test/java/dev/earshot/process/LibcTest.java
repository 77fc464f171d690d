package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What is taken for granted about calls of the C library. */
class LibcTest {
  private static final byte[] NULL = "/dev/null".getBytes(StandardCharsets.US_ASCII);
  private static final int NOT_OPEN = 1_000_000;

  @Test
  void theErrorNumberIsWhereTheLinkerPutsIt() {
    var state = Linker.Option.captureStateLayout();
    assertThat(state.byteOffset(PathElement.groupElement("errno"))).isEqualTo(Libc.ERRNO);
    assertThat(Libc.close(NOT_OPEN)).isEqualTo(-Errno.EBADF);
  }

  @Test
  void aVariableArgumentArrives() {
    int nothing = Libc.open(Platform.AT_CURRENT_DIRECTORY, NULL, Platform.OPEN_CLOEXEC);
    int moved = Libc.duplicate(nothing, 200);
    assertThat(moved).isGreaterThanOrEqualTo(200);
    Libc.close(moved);
    Libc.close(nothing);
  }
}
