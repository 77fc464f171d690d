package dev.earshot.cli.interop;

import static dev.earshot.cli.interop.Case.http1;
import static dev.earshot.cli.interop.Case.http2;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Responses with a content coding pass as they are, and are told with their decoded sizes. */
@Tag("interop")
class ContentInteropIT {
  private static final String CALLS =
      """
      for coding in gzip deflate raw-deflate br zstd; do
      curl -sS VERSION BASE/coded/$coding | sha256sum
      curl -sS VERSION --compressed BASE/coded/$coding | sha256sum
      done
      curl -sS VERSION BASE/text
      """;

  @RegisterExtension static final LabOfClass LAB = new LabOfClass(OriginKind.NODE);

  static List<Case> cases() {
    return List.of(
        http1("HTTP/1.1", 11, calls("--http1.1", "https://{node.https}")),
        http1("HTTP/1.1 in the clear", 11, calls("--http1.1", "http://{node.http}")),
        http2("HTTP/2", 11, calls("--http2", "https://{node.h2}")));
  }

  private static String calls(String version, String base) {
    return CALLS.replace("VERSION", version).replace("BASE", base);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void decodedSizesAreTold(Case each) throws Exception {
    BothWays.decodedSizesAreTold(LAB.same(each));
  }
}
