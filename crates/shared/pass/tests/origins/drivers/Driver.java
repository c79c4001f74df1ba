import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

final class Driver {
    public static void main(String[] arguments) throws Exception {
        String[] lines = new String(System.in.readAllBytes(), "UTF-8").strip().split("\n");
        JsonNode keySet = new ObjectMapper().readTree(lines[0]);
        for (int line = 3; line < lines.length; line++) {
            String[] parts = lines[line].split(" ", -1);
            try {
                JsonNode claims =
                    VerifyPass.verify(parts[1], keySet, lines[1], lines[2], Long.parseLong(parts[0]));
                System.out.println("accepted " + claims.get("jti").asText() + " " + claims.get("seats"));
            } catch (Exception error) {
                boolean unknown = "unknown key".equals(error.getMessage());
                System.out.println(unknown ? "unknown key" : "refused");
            }
        }
    }
}
