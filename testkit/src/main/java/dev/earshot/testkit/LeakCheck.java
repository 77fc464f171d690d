package dev.earshot.testkit;

import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves a thread, a descriptor (a listener is one) or a child behind, or in
 * which a thread died of an exception nobody caught. What is ending may end: it waits for that.
 *
 * <p>Registered for every test of a module by its {@code META-INF/services} file; tests of a module
 * run one after the other, so that what is left is this test's.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
  private static final ExtensionContext.Namespace OURS =
      ExtensionContext.Namespace.create(LeakCheck.class);

  @Override
  public void beforeEach(ExtensionContext context) {
    Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
    Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> uncaught.add(problem));
    context.getStore(OURS).put("uncaught", new Uncaught(uncaught));
    Leaks.warmUp();
    context.getStore(OURS).put("before", Leaks.now());
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Leaks before = context.getStore(OURS).get("before", Leaks.class);
    Uncaught uncaught = context.getStore(OURS).get("uncaught", Uncaught.class);
    if (before == null || uncaught == null) {
      throw new IllegalStateException("the check did not see this test begin");
    }
    verify(before, uncaught.problems());
  }

  static void verify(Leaks before, Queue<Throwable> uncaught) {
    Eventually.until(() -> "nothing left, but: " + left(before), () -> left(before).isEmpty());
    Throwable problem = uncaught.poll();
    if (problem != null) {
      throw new AssertionError("a thread died of an uncaught exception", problem);
    }
  }

  private static Set<String> left(Leaks before) {
    return Leaks.now().since(before);
  }

  private record Uncaught(Queue<Throwable> problems) {}
}
