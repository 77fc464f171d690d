package dev.earshot.session;

import static dev.earshot.session.ChildVariable.Content.COMBINED_CA;
import static dev.earshot.session.ChildVariable.Content.EMPTY;
import static dev.earshot.session.ChildVariable.Content.EXTRA_CA;
import static dev.earshot.session.ChildVariable.Content.ONE;
import static dev.earshot.session.ChildVariable.Content.PROXY;
import static dev.earshot.session.ChildVariable.Presence.ALWAYS;
import static dev.earshot.session.ChildVariable.Presence.IF_SET;

import java.util.List;

/**
 * A variable that points a client to the proxy or to the certificate authority.
 *
 * @param runtime whose variable it is
 * @param name its name
 * @param content what it is set to
 * @param presence whether it is set where the user has not
 */
record ChildVariable(ClientRuntime runtime, String name, Content content, Presence presence) {

  /** What a variable is set to. */
  enum Content {
    /** The URL of the proxy. */
    PROXY,
    /** Nothing: no host is excepted. The user's own exceptions are kept by the proxy. */
    EMPTY,
    ONE,
    /** A file that replaces what the client trusts: everything it trusted, and our authority. */
    COMBINED_CA,
    /** A file that is added to what the client trusts: the user's, if there is one, and ours. */
    EXTRA_CA
  }

  /** When a variable is set. */
  enum Presence {
    ALWAYS,
    /** Only in place of the user's value: what it overrides is set already by another variable. */
    IF_SET
  }

  /** All of them, in the order in which they are added. */
  static final List<ChildVariable> ALL =
      List.of(
          of(ClientRuntime.GENERIC, "HTTP_PROXY", PROXY),
          of(ClientRuntime.GENERIC, "http_proxy", PROXY),
          of(ClientRuntime.GENERIC, "HTTPS_PROXY", PROXY),
          of(ClientRuntime.GENERIC, "https_proxy", PROXY),
          of(ClientRuntime.GENERIC, "ALL_PROXY", PROXY),
          of(ClientRuntime.GENERIC, "all_proxy", PROXY),
          of(ClientRuntime.GENERIC, "WS_PROXY", PROXY),
          of(ClientRuntime.GENERIC, "ws_proxy", PROXY),
          of(ClientRuntime.GENERIC, "WSS_PROXY", PROXY),
          of(ClientRuntime.GENERIC, "wss_proxy", PROXY),
          of(ClientRuntime.GENERIC, "CGI_HTTP_PROXY", PROXY),
          of(ClientRuntime.GENERIC, "NO_PROXY", EMPTY),
          of(ClientRuntime.GENERIC, "no_proxy", EMPTY),
          of(ClientRuntime.GENERIC, "SSL_CERT_FILE", COMBINED_CA),
          of(ClientRuntime.AWS, "AWS_CA_BUNDLE", COMBINED_CA),
          of(ClientRuntime.CURL, "CURL_CA_BUNDLE", COMBINED_CA),
          of(ClientRuntime.DENO, "DENO_CERT", EXTRA_CA),
          of(ClientRuntime.ELIXIR, "HEX_HTTP_PROXY", PROXY),
          of(ClientRuntime.ELIXIR, "HEX_HTTPS_PROXY", PROXY),
          ifSet(ClientRuntime.ELIXIR, "HEX_NO_PROXY", EMPTY),
          of(ClientRuntime.ELIXIR, "HEX_CACERTS_PATH", COMBINED_CA),
          of(ClientRuntime.GCLOUD, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", COMBINED_CA),
          of(ClientRuntime.GIT, "GIT_SSL_CAINFO", COMBINED_CA),
          of(ClientRuntime.GRPC, "grpc_proxy", PROXY),
          of(ClientRuntime.GRPC, "no_grpc_proxy", EMPTY),
          of(ClientRuntime.GRPC, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", COMBINED_CA),
          of(ClientRuntime.HASKELL, "SYSTEM_CERTIFICATE_PATH", COMBINED_CA),
          of(ClientRuntime.NIX, "NIX_SSL_CERT_FILE", COMBINED_CA),
          of(ClientRuntime.NODE, "NODE_USE_ENV_PROXY", ONE),
          of(ClientRuntime.NODE, "NODE_EXTRA_CA_CERTS", EXTRA_CA),
          of(ClientRuntime.NODE, "GLOBAL_AGENT_HTTP_PROXY", PROXY),
          ifSet(ClientRuntime.NODE, "GLOBAL_AGENT_HTTPS_PROXY", PROXY),
          ifSet(ClientRuntime.NODE, "GLOBAL_AGENT_NO_PROXY", EMPTY),
          of(ClientRuntime.NODE, "npm_config_proxy", PROXY),
          of(ClientRuntime.NODE, "npm_config_https_proxy", PROXY),
          of(ClientRuntime.NODE, "npm_config_noproxy", EMPTY),
          of(ClientRuntime.NODE, "npm_config_cafile", COMBINED_CA),
          of(ClientRuntime.NODE, "YARN_HTTP_PROXY", PROXY),
          of(ClientRuntime.NODE, "YARN_HTTPS_PROXY", PROXY),
          // Some versions of yarn refuse to start at a variable YARN_... they do not know.
          ifSet(ClientRuntime.NODE, "YARN_HTTPS_CA_FILE_PATH", COMBINED_CA),
          ifSet(ClientRuntime.NODE, "YARN_CA_FILE_PATH", COMBINED_CA),
          of(ClientRuntime.PERL, "PERL_LWP_ENV_PROXY", ONE),
          of(ClientRuntime.PERL, "PERL_LWP_SSL_CA_FILE", COMBINED_CA),
          of(ClientRuntime.PERL, "HTTPS_CA_FILE", COMBINED_CA),
          of(ClientRuntime.PYTHON, "REQUESTS_CA_BUNDLE", COMBINED_CA),
          of(ClientRuntime.PYTHON, "PIP_CERT", COMBINED_CA),
          ifSet(ClientRuntime.PYTHON, "PIP_PROXY", PROXY),
          of(ClientRuntime.PYTHON, "HTTPLIB2_CA_CERTS", COMBINED_CA),
          of(ClientRuntime.RUST, "CARGO_HTTP_CAINFO", COMBINED_CA),
          ifSet(ClientRuntime.RUST, "CARGO_HTTP_PROXY", PROXY));

  /** Whether it names a file of certificates. */
  boolean namesCertificates() {
    return content == COMBINED_CA || content == EXTRA_CA;
  }

  private static ChildVariable of(ClientRuntime runtime, String name, Content content) {
    return new ChildVariable(runtime, name, content, ALWAYS);
  }

  private static ChildVariable ifSet(ClientRuntime runtime, String name, Content content) {
    return new ChildVariable(runtime, name, content, IF_SET);
  }
}
