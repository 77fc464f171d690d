package dev.earshot.proxy;

import dev.earshot.exchange.RequestHead;
import java.util.Optional;

/** What is to be done with a request that came to the proxy itself. */
sealed interface Route {
  /** Forward it, with this target in origin-form. */
  record Forward(Target target, String originForm) implements Route {}

  /** Make a tunnel. */
  record Tunnel(String host, int port) implements Route {}

  /** Answer it here. */
  record Refuse(ErrorResponse answer) implements Route {}

  /** Decides by the form of the request target (RFC 9112 section 3.2). */
  static Route of(RequestHead head) {
    if (hosts(head) > 1) {
      return new Refuse(ErrorResponse.malformed("more than one Host header"));
    }
    String target = head.target();
    if (head.method().equals("CONNECT")) {
      return switch (Authority.parse(target, -1)) {
        case Authority.Parsed(var host, var port) when port > 0 && host.indexOf('*') < 0 ->
            new Tunnel(host, port);
        case Authority.Parsed _ ->
            new Refuse(ErrorResponse.malformed("CONNECT needs a host and a port"));
        case Authority.Wrong(var why) ->
            new Refuse(ErrorResponse.malformed("the target of CONNECT: " + why));
      };
    }
    Optional<String> scheme = scheme(target);
    return scheme.isPresent()
        ? absolute(head.method(), scheme.get(), target.substring(scheme.get().length() + 3))
        : new Refuse(ErrorResponse.notAnOrigin());
  }

  private static long hosts(RequestHead head) {
    return head.headers().stream().filter(header -> header.is("Host")).count();
  }

  private static Optional<String> scheme(String target) {
    for (String scheme : new String[] {"http", "https"}) {
      if (target.regionMatches(true, 0, scheme + "://", 0, scheme.length() + 3)) {
        return Optional.of(scheme);
      }
    }
    return Optional.empty();
  }

  /** A request target without the scheme and host that it may begin with. */
  static String originForm(String target) {
    Optional<String> scheme = scheme(target);
    if (scheme.isEmpty()) {
      return target;
    }
    String rest = target.substring(scheme.get().length() + 3);
    int end = hostEnd(rest);
    return rest.startsWith("/", end) ? rest.substring(end) : "/" + rest.substring(end);
  }

  private static int hostEnd(String rest) {
    int end = 0;
    while (end < rest.length() && "/?#".indexOf(rest.charAt(end)) < 0) {
      end++;
    }
    return end;
  }

  private static Route absolute(String method, String scheme, String rest) {
    int end = hostEnd(rest);
    String path = rest.substring(end);
    if (path.isEmpty() && method.equals("OPTIONS")) {
      path = "*"; // RFC 9112 section 3.2.4: the last proxy on the chain MUST send "*"
    } else if (!path.startsWith("/")) {
      path = "/" + path;
    }
    String authority = rest.substring(0, end);
    if (authority.indexOf('@') >= 0) {
      return new Refuse(ErrorResponse.malformed("user information in the request target"));
    }
    String originForm = path;
    return switch (Authority.parse(authority, Target.defaultPort(scheme))) {
      case Authority.Parsed(var host, var port) when host.indexOf('*') < 0 ->
          new Forward(new Target(scheme, host, port), originForm);
      case Authority.Parsed _ -> new Refuse(ErrorResponse.malformed("bad host name"));
      case Authority.Wrong(var why) ->
          new Refuse(ErrorResponse.malformed("the host in the request target: " + why));
    };
  }
}
