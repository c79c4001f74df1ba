package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() {
	input, _ := io.ReadAll(os.Stdin)
	lines := strings.Split(strings.TrimRight(string(input), "\n"), "\n")
	var keys KeySet
	if err := json.Unmarshal([]byte(lines[0]), &keys); err != nil {
		panic(err)
	}
	for _, line := range lines[3:] {
		now, token, _ := strings.Cut(line, " ")
		seconds, _ := strconv.ParseInt(now, 10, 64)
		claims, err := VerifyPass(token, keys, lines[1], lines[2], seconds)
		switch {
		case err == nil:
			fmt.Println("accepted", claims.Jti, claims.Seats)
		case err.Error() == "unknown key":
			fmt.Println("unknown key")
		default:
			fmt.Println("refused")
		}
	}
}
