package simulator

// apiIPs are made-up addresses of the vendor. Anybody with a good token may ask
// for them, which makes the call a probe of the token:
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_the_WeChat_server_IP_address.html
func (s *Simulator) apiIPs(*request) (any, *refusal) {
	return struct {
		List []string `json:"ip_list"`
	}{[]string{"203.0.113.10", "203.0.113.11"}}, nil
}
