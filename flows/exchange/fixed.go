package exchange

// Texts that messages without a first line are named by. Their ids are known before any capture is.
const (
	_ id = iota
	textClientHello
	textServerHello
	textHelloRetry
	textCertificate
	textHandshake
	textFinished
	textTicket
	textKeyUpdate
	textCloseNotify
	textAlert
	textEncryptedAlert
	textAppData
	textEarlyData
	textHeartbeat
	textPreface
	textSettings
	textSettingsACK
	textPing
	textPong
	textWindowUpdate
	textPriority
	textData
	textBulk
	textArray
	textHeaders
	textPushPromise
	textGoAway
	textRSTStream
	textClose
	textText
	textBinary
	textKeepAlive
	textMail
	textContinued
	textUnknown
	textUntagged
	textContinue
	textDone
	textEncrypted
	textHelloRequest
	textServerKey
	textCertificateRequest
	textServerHelloDone
	textCertificateVerify
	textClientKey
	textCertificateStatus
)

var fixedTexts = [...]string{
	0:                  "",
	textClientHello:    "Client Hello",
	textServerHello:    "Server Hello",
	textHelloRetry:     "Hello Retry Request",
	textCertificate:    "Certificate",
	textHandshake:      "handshake",
	textFinished:       "Finished",
	textTicket:         "New Session Ticket",
	textKeyUpdate:      "Key Update",
	textCloseNotify:    "close_notify",
	textAlert:          "alert",
	textEncryptedAlert: "encrypted alert",
	textAppData:        "application data",
	textEarlyData:      "early data",
	textHeartbeat:      "heartbeat",
	textPreface:        "connection preface",
	textSettings:       "SETTINGS",
	textSettingsACK:    "SETTINGS ACK",
	textPing:           "PING",
	textPong:           "PONG",
	textWindowUpdate:   "WINDOW_UPDATE",
	textPriority:       "PRIORITY",
	textData:           "DATA",
	textBulk:           "bulk string",
	textArray:          "array",
	textHeaders:        "HEADERS",
	textPushPromise:    "PUSH_PROMISE",
	textGoAway:         "GOAWAY",
	textRSTStream:      "RST_STREAM",
	textClose:          "Close",
	textText:           "text message",
	textBinary:         "binary message",
	textKeepAlive:      "keep-alive",
	textMail:           "message text",
	textContinued:      "(continued)",
	textUnknown:        "unknown command",
	textUntagged:       "untagged data",
	textContinue:       "+",
	textDone:           "DONE",
	textEncrypted:      "encrypted",

	textHelloRequest:       "Hello Request",
	textServerKey:          "Server Key Exchange",
	textCertificateRequest: "Certificate Request",
	textServerHelloDone:    "Server Hello Done",
	textCertificateVerify:  "Certificate Verify",
	textClientKey:          "Client Key Exchange",
	textCertificateStatus:  "Certificate Status",
}
