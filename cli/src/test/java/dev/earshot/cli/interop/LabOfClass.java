package dev.earshot.cli.interop;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.jspecify.annotations.Nullable;

/** The lab of a test class, open from before its first test to after its last. */
final class LabOfClass implements BeforeAllCallback, AfterAllCallback {
  /** The first time ever, packages are installed. */
  private static final Duration HANG_GUARD = Duration.ofMinutes(5);

  /** What a class adds to its lab. */
  interface Preparation {
    void prepare(Lab lab) throws Exception;
  }

  private final Preparation preparation;
  private final OriginKind[] kinds;
  private @Nullable Lab lab;
  private @Nullable BothWays both;

  LabOfClass(OriginKind... kinds) {
    this(lab -> {}, kinds);
  }

  LabOfClass(Preparation preparation, OriginKind... kinds) {
    this.preparation = preparation;
    this.kinds = kinds.clone();
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    assertTimeoutPreemptively(
        HANG_GUARD,
        () -> {
          Lab opened = Lab.open(kinds);
          // From here on it is closed whatever comes.
          lab = opened;
          both = new BothWays(opened);
          preparation.prepare(opened);
        });
  }

  /** Runs the case both ways and compares. */
  BothWays.Told same(Case each) throws Exception {
    if (both == null) {
      throw new IllegalStateException("the lab is not open");
    }
    return both.same(each);
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (lab != null) {
      lab.close();
    }
  }
}
