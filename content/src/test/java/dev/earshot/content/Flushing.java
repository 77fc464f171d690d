package dev.earshot.content;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

/** A server that compresses and flushes, and a decoder of what it sends. */
final class Flushing implements AutoCloseable {
  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
  private final ByteArrayOutputStream decoded = new ByteArrayOutputStream();
  private final OutputStream server;
  private final ContentDecoder decoder;
  private final Deflater deflater = new Deflater();

  Flushing(String coding) throws IOException {
    OutputStream to = sent;
    for (String each : List.of(coding.split(", ", -1)).reversed()) {
      to =
          switch (each) {
            case "gzip" -> new GZIPOutputStream(to, true);
            case "deflate" -> new DeflaterOutputStream(to, deflater, true);
            case "br" -> new NodeBrotli(to);
            case "identity" -> to;
            default -> new ZstdOutputStreamNoFinalizer(to);
          };
    }
    server = to;
    decoder =
        ContentDecoder.of(
            Decoding.coded(coding), DecodeLimits.STREAM, Decoding.memory(), into(decoded));
  }

  private static Consumer<ByteBuffer> into(ByteArrayOutputStream all) {
    return bytes -> {
      while (bytes.hasRemaining()) {
        all.write(bytes.get());
      }
    };
  }

  /** What is sent for this, flushed. */
  byte[] send(byte[] content) throws IOException {
    server.write(content);
    server.flush();
    byte[] bytes = sent.toByteArray();
    sent.reset();
    return bytes;
  }

  /** What comes out of the decoder when this was sent and flushed. */
  byte[] through(byte[] content) throws IOException {
    decoder.feed(ByteBuffer.wrap(send(content)));
    byte[] out = decoded.toByteArray();
    decoded.reset();
    return out;
  }

  @Override
  public void close() throws IOException {
    decoder.close();
    server.close();
    deflater.end();
  }

  /** Node's encoder (Debian package nodejs), which can flush; brotli(1) cannot. */
  private static final class NodeBrotli extends OutputStream {
    private static final String SCRIPT =
        """
        const zlib = require('zlib'), readline = require('readline');
        const br = zlib.createBrotliCompress();
        let got = [];
        br.on('data', bytes => got.push(bytes));
        readline.createInterface({input: process.stdin}).on('line', line => {
          br.write(Buffer.from(line, 'hex'));
          br.flush(zlib.constants.BROTLI_OPERATION_FLUSH, () => {
            console.log(Buffer.concat(got).toString('hex'));
            got = [];
          });
        });
        """;

    private final OutputStream to;
    private final Process node;
    private final BufferedReader answers;

    NodeBrotli(OutputStream to) throws IOException {
      this.to = to;
      try {
        node =
            new ProcessBuilder("node", "-e", SCRIPT)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
      } catch (IOException e) {
        throw new AssertionError("node is missing: install the package nodejs", e);
      }
      answers = node.inputReader(StandardCharsets.US_ASCII);
    }

    @Override
    public void write(int octet) throws IOException {
      write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      String line = HexFormat.of().formatHex(bytes, offset, offset + length) + "\n";
      node.getOutputStream().write(line.getBytes(StandardCharsets.US_ASCII));
      node.getOutputStream().flush();
      String answer = answers.readLine();
      if (answer == null) {
        throw new AssertionError("node ended: is the package nodejs there?");
      }
      to.write(HexFormat.of().parseHex(answer));
    }

    @Override
    public void flush() throws IOException {
      to.flush();
    }

    @Override
    public void close() throws IOException {
      node.getOutputStream().close();
      node.onExit().join();
      answers.close();
      node.getErrorStream().close();
    }
  }
}
