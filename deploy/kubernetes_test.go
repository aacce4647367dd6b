package deploy

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// manifest is what the tests look at of the objects of kubernetes.yaml.
type manifest struct {
	Kind string
	Data map[string]string
	Spec struct {
		Selector any
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				TerminationGracePeriodSeconds int `yaml:"terminationGracePeriodSeconds"`
				Containers                    []struct {
					Args  []string
					Ports []struct {
					}
					VolumeMounts []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Name      string
					ConfigMap struct{ Name string } `yaml:"configMap"`
					Secret    struct {
						SecretName string `yaml:"secretName"`
					}
				}
			}
		}
	}
}

func TestKubernetesRunsTheServiceWithSecretsThatExist(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	pod := all["Deployment"].Spec.Template.Spec
	c := pod.Containers[0]
	if config := c.Args[len(c.Args)-1]; !slices.Equal(c.Args[:2], []string{"serve", "--config"}) || config != "/etc/wechattpp/config/wechattpp.yaml" {
		t.Errorf("args %q", c.Args)
	}
	var paths []string
	for _, m := range c.VolumeMounts {
		paths = append(paths, m.MountPath)
	}
	if !slices.Contains(paths, "/etc/wechattpp/config") || !slices.Contains(paths, "/etc/wechattpp/secrets") {
		t.Errorf("mounted at %q", paths)
	}
	if pod.TerminationGracePeriodSeconds < 20 {
		t.Errorf("%d s to stop: the service needs up to 15", pod.TerminationGracePeriodSeconds)
	}

	config := all["ConfigMap"].Data["wechattpp.yaml"]
	keys := find(read(t, "wechattpp.example.yaml"), `(?m)^(?:# )?(wechattpp_[a-z_]+):`)
	named := find(config, `(?m)^(wechattpp_[a-z_]+):`)
	if len(named) < 8 {
		t.Fatalf("%d keys: the pattern fits no more", len(named))
	}
	for _, key := range named {
		if !slices.Contains(keys, key) && !slices.Contains(keys, strings.TrimSuffix(key, "_file")) {
			t.Errorf("%s is no key of the example configuration", key)
		}
	}
	made := read(t, "make-secrets")
	for _, file := range find(config, `/etc/wechattpp/secrets/([a-z_]+)`) {
		if !strings.Contains(made, "put "+file+" ") && !strings.Contains(made, "secrets/"+file) {
			t.Errorf("make-secrets neither makes %s nor asks for it", file)
		}
	}
}

func TestKubernetesObjectsFindOneAnother(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	for _, kind := range []string{"Service", "PodDisruptionBudget", "Deployment"} {
		selector, _ := all[kind].Spec.Selector.(map[string]any)
		if inner, ok := selector["matchLabels"].(map[string]any); ok {
			selector = inner
		}
		if len(selector) == 0 {
			t.Errorf("%s selects nothing", kind)
		}
		for label, value := range selector {
			if all["Deployment"].Spec.Template.Metadata.Labels[label] != value {
				t.Errorf("%s selects %s=%v, which no pod has", kind, label, value)
			}
		}
	}
	for _, v := range all["Deployment"].Spec.Template.Spec.Volumes {
		if v.Name == "config" && v.ConfigMap.Name == "" || v.Name == "secrets" && v.Secret.SecretName == "" {
			t.Errorf("volume %s is of nothing", v.Name)
		}
	}
	if _, ok := all["Ingress"]; !ok {
		t.Error("nothing lets anyone in")
	}
}

// manifests reads the objects of kubernetes.yaml, by kind: each has one.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	all := map[string]manifest{}
	d := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes.yaml")))
	for {
		var m manifest
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := all[m.Kind]; twice {
			t.Errorf("two of %s", m.Kind)
		}
		all[m.Kind] = m
	}
}
