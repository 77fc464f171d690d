package dev.earshot.cli.interop;

import static dev.earshot.cli.interop.Case.http1;
import static dev.earshot.cli.interop.Case.http2;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages of WebSockets, of server-sent events and of gRPC, each told as its origin knows it. */
@Tag("interop")
class MessagesInteropIT {
  @RegisterExtension static final LabOfClass LAB = new LabOfClass(OriginKind.NODE);

  static List<Case> cases() {
    return List.of(
        http1("ws", 1, "node {scripts}/ws.mjs wss://{node.https}/socket"),
        http1("ws in the clear", 1, "{node24} {scripts}/ws.mjs ws://{node.http}/socket"),
        http1("websockets", 1, "{python} {scripts}/calls.py websockets wss://{node.https}/socket"),
        http1(
            "events",
            6,
            """
            for u in http://{node.http}/events https://{node.https}/events; do
            curl -sSN $u; curl -sSN --compressed $u?coding=gzip; curl -sSN --compressed $u?coding=br
            done
            """),
        http1("chromium", 7, "{node24} {scripts}/browser.mjs https://{node.https}/page"),
        http2(
            "events in HTTP/2",
            2,
            "u=https://{node.h2}/events; curl -sSN --compressed $u $u?coding=zstd"),
        http2("gRPC", 6, "{node24} {scripts}/grpc.mjs https {node.grpcs}"),
        http2("gRPC in the clear", 6, "node {scripts}/grpc.mjs http {node.grpc}"),
        http2(
            "chromium with WebSockets in streams",
            7,
            "{node24} {scripts}/browser.mjs https://{node.h2ws}/page"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyMessageIsTold(Case each) throws Exception {
    BothWays.messagesAreTold(LAB.same(each));
  }
}
