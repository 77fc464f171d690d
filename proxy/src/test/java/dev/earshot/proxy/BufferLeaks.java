package dev.earshot.proxy;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class in which a buffer was garbage before it was released. */
public final class BufferLeaks implements BeforeAllCallback, AfterAllCallback {
  private static final Queue<String> REPORTS = new ConcurrentLinkedQueue<>();

  @Override
  public void beforeAll(ExtensionContext context) {
    if (!(ResourceLeakDetectorFactory.instance() instanceof Factory)) {
      ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Factory());
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    // What leaked is found by the next allocation after it was collected.
    for (int i = 0; i < 3; i++) {
      System.gc();
      PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
    }
    String report = REPORTS.poll();
    if (report != null) {
      throw new AssertionError("a buffer was not released: " + report);
    }
  }

  // The one abstract method of the factory is a deprecated one.
  @SuppressWarnings("deprecation")
  private static final class Factory extends ResourceLeakDetectorFactory {
    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      return newResourceLeakDetector(resource, samplingInterval);
    }

    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval) {
      return new ResourceLeakDetector<>(resource, samplingInterval) {
        @Override
        protected void reportTracedLeak(String resourceType, String records) {
          REPORTS.add(resourceType + records);
        }

        @Override
        protected void reportUntracedLeak(String resourceType) {
          REPORTS.add(resourceType);
        }
      };
    }
  }
}
