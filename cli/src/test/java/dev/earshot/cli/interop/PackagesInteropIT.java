package dev.earshot.cli.interop;

import static dev.earshot.cli.interop.Case.http1;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What fetches sources and packages, from repositories that nginx serves. */
@Tag("interop")
class PackagesInteropIT {
  @RegisterExtension
  static final LabOfClass LAB =
      new LabOfClass(
          lab -> {
            Repositories.git(lab);
            Repositories.npm(lab, "https://" + lab.authority("nginx.https"));
            Repositories.maven(lab);
          },
          OriginKind.NGINX);

  static List<Case> cases() {
    return List.of(
        http1("git", Repositories.GIT_CALLS, Repositories.gitCalls("https://{nginx.https}")),
        http1(
            "git in the clear",
            Repositories.GIT_CALLS,
            Repositories.gitCalls("http://{nginx.http}")),
        http1(
            "npm",
            4,
            """
            cd {tmp} && npm install --registry https://{nginx.https}/npm/ --cache {tmp}/cache \\
              --no-fund --no-audit --no-update-notifier --loglevel error tiny > {tmp}/said || cat {tmp}/said
            find node_modules -type f | sort | xargs sha256sum; sha256sum package-lock.json
            """),
        http1("Maven", Repositories.MAVEN_CALLS, Repositories.mavenCalls("https://{nginx.https}")),
        http1(
            "Maven in the clear",
            Repositories.MAVEN_CALLS,
            Repositories.mavenCalls("http://{nginx.http}")));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theSameBothWays(Case each) throws Exception {
    LAB.same(each);
  }
}
